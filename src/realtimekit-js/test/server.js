// The real server for these tests: the QuickStart sample, as dotnet built it, on a database of its own.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientsOf, within } from './support.js';

const sample = fileURLToPath(new URL('../../../samples/QuickStart/', import.meta.url));

function program() {
  const built = ['Release', 'Debug'].map(configuration => join(sample, 'bin', configuration, 'net10.0', 'QuickStart.dll'));
  const found = process.env.REALTIMEKIT_QUICKSTART ?? built.find(existsSync);
  if (!found) throw new Error(`No QuickStart to test against. Run "dotnet build samples/QuickStart", or say where its DLL is in REALTIMEKIT_QUICKSTART. Looked for: ${built.join(', ')}`);
  return found;
}

export class Server {
  folder = mkdtempSync(join(tmpdir(), 'realtimekit-js-'));
  url = 'http://127.0.0.1:0';
  /** @type {import('node:child_process').ChildProcess|null} */ process = null;

  /** Starts it, or starts it again: on the same port and database. */
  async start() {
    const path = program();
    const [command, ...before] = path.endsWith('.dll') ? ['dotnet', path] : [path];
    const started = spawn(command, [...before, '--urls', this.url], {
      cwd: existsSync(sample) ? sample : undefined,
      env: { ...process.env, ConnectionStrings__Chat: `Data Source=${join(this.folder, 'chat.db')}`, Files: join(this.folder, 'files'), DOTNET_NOLOGO: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = started;
    process.once('exit', () => started.kill('SIGKILL'));   // also when the tests end before their hooks ran
    let said = '';
    const listening = new Promise((resolve, reject) => {
      const hear = (/** @type {Buffer} */ data) => {
        said = (said + data).slice(-20_000);
        const address = /Now listening on: (http:\/\/\S+)/.exec(said);
        if (address) resolve(address[1]);
      };
      started.stdout.on('data', hear);
      started.stderr.on('data', hear);
      started.on('error', reject);
      started.on('exit', code => reject(new Error(`The server ended with ${code} before it listened:\n${said}`)));
    });
    this.url = await within(60_000, listening, () => `the server to listen; it said:\n${said}`);
    return this;
  }

  /** As a crash does: nothing is flushed, nobody is told. */
  async kill() {
    const running = this.process;
    this.process = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise(resolve => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  }

  async remove() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @param {string} name @returns {Promise<string>} The cookie. */
  async signIn(name) {
    const reply = await fetch(`${this.url}/login`, { method: 'POST', body: new URLSearchParams({ name }), redirect: 'manual' });
    const cookie = reply.headers.getSetCookie().map(set => set.split(';')[0]).join('; ');
    if (!cookie) throw new Error(`Signing in as "${name}" brought no cookie but ${reply.status}: ${await reply.text()}`);
    return cookie;
  }
}

/** A server for the tests of one file, and its clients, which are closed after each test. */
export function served() {
  const server = new Server();
  const clients = clientsOf(server);
  before(() => server.start());
  afterEach(() => clients.closeAll());
  after(() => server.remove());
  return { server, clients };
}
