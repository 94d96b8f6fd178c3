// Two offices that are partners: two real servers with a database each, which talk over TLS (deploy/two-nodes).
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SHARED_SECRET } from './server.mjs';

const SCRIPT = fileURLToPath(new URL('../../../deploy/two-nodes', import.meta.url));

export class TwoOffices {
  static async start() {
    const offices = new TwoOffices();
    offices.folder = mkdtempSync(join(tmpdir(), 'runde-two-'));
    chmodSync(offices.folder, 0o711);
    const port = await fourFreePorts();
    offices.north = { name: 'kontaktstelle-nord.test', url: `http://localhost:${port}` };
    offices.south = { name: 'kontaktstelle-sued.test', url: `http://localhost:${port + 1}` };
    await twoNodes('--background', '--program', process.env.RUNDE, '--data', offices.folder, '--port', String(port));
    return offices;
  }

  /** What the servers wrote last. */
  get lastWords() {
    return ['nord', 'sued'].map((node) => readFileSync(join(this.folder, node, 'runde.log'), 'utf8').slice(-2000)).join('\n---\n');
  }

  async end() {
    await twoNodes('--stop', '--data', this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function twoNodes(...options) {
  const env = {
    ...process.env,
    RUNDE_REGISTRATION_MODE: 'open',
    RUNDE_RATE_LIMITS_ENABLED: 'false',
    RUNDE_REGISTRATION_SHARED_SECRET: SHARED_SECRET,
  };
  return new Promise((resolve, reject) =>
    execFile(SCRIPT, options, { env, timeout: 200_000 }, (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve())),
  );
}

async function fourFreePorts() {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await Promise.all([0, 1, 2, 3].map((next) => isFree(first + next)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once('error', () => resolve(false));
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)));
  });
}
