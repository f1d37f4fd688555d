import { RealtimeClient, RealtimeError, type Change, type Message } from '@realtimekit/client';

const client = new RealtimeClient('/realtime', { token: () => new URLSearchParams(location.search).get('name') });
const lobby = client.channel('lobby');
const messages = new Map<number, Message>();

lobby.on('change', ({ sequence, message }: Change) => {
  if (message === undefined) return;
  messages.set(sequence, message);
  element('messages').replaceChildren(...[...messages.values()].map(line));
});

element('composer').addEventListener('submit', event => {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  void send(String(new FormData(form).get('text')));
  form.reset();
});

await client.connect();
await lobby.subscribe({ recent: 50 });
document.body.dataset['state'] = client.state;

async function send(text: string): Promise<void> {
  try {
    const { sequence } = await lobby.send({ text });
    document.body.dataset['stored'] = String(sequence);
  } catch (error) {
    if (!(error instanceof RealtimeError)) throw error;
    console.error(error.code, error.message);
  }
}

function line(message: Message): HTMLLIElement {
  const item = document.createElement('li');
  item.textContent = `${message.sender}: ${message.text ?? ''}`;
  return item;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no element '${id}'.`);
  return found;
}
