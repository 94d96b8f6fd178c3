// The real server in a folder of its own, with its private PostgreSQL.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SHARED_SECRET = 'sieben Siegel';

export class Server {
  #process;
  #log = '';

  static async start() {
    const server = new Server();
    // Short, because the path of PostgreSQL's socket may have no more than 107 characters.
    server.folder = mkdtempSync(join(tmpdir(), 'runde-web-'));
    // Started by root, the database runs as the user postgres, who must be able to enter.
    chmodSync(server.folder, 0o755);
    server.port = await freePort();
    server.url = `http://localhost:${server.port}`;
    await server.run();
    return server;
  }

  async run() {
    const environment = {
      ...process.env,
      RUNDE_REGISTRATION_MODE: 'open',
      RUNDE_RATE_LIMITS_ENABLED: 'false',
      RUNDE_SERVER_NAME: 'runde.test',
      RUNDE_PUBLIC_URL: this.url,
      RUNDE_REGISTRATION_SHARED_SECRET: SHARED_SECRET,
    };
    this.#process = spawn(process.env.RUNDE, ['serve', '--data', this.folder, '--port', String(this.port)], { env: environment });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream.on('data', (text) => (this.#log += text));
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.ended = ended;
    const until = Date.now() + 120_000;
    while (!(await this.#answers())) {
      if (this.#process.exitCode !== null || Date.now() > until) throw new Error(`the server did not start:\n${this.#log}`);
      await Promise.race([ended, new Promise((resume) => setTimeout(resume, 100))]);
    }
  }

  /** What the server wrote last, when it is gone though nobody stopped it. */
  get lastWords() {
    const { exitCode, signalCode } = this.#process;
    return exitCode === null && signalCode === null ? '' : `the server ended (${signalCode ?? exitCode}):\n${this.#log.slice(-3000)}`;
  }

  async stop() {
    this.#process.kill('SIGTERM');
    await this.ended;
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers() {
    try {
      return (await fetch(`${this.url}/health`)).ok;
    } catch {
      return false;
    }
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}
