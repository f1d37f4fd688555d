// What a snippet on a page may take for granted.
import type { Channel, RealtimeClient as Client } from '../client.js';

declare global {
  var RealtimeClient: typeof Client;
  var client: Client;
  var lobby: Channel;
}
