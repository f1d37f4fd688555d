// What a snippet on a page may take for granted.
import type { Channel, RealtimeClient } from '../client.js';

declare global {
  var client: RealtimeClient;
  var lobby: Channel;
}
