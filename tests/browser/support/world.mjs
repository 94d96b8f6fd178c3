// One server, one browser, and people who each have a browser window of their own.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

import { Account } from './account.mjs';
import { Server, SHARED_SECRET } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];
const PATIENCE_MS = 20_000;

export class World {
  #browser;
  #contexts = [];
  #strange = [];
  #ours = new Set();
  #numbers = 0;

  async start() {
    this.server = await Server.start();
    this.#browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  }

  get url() {
    return this.server.url;
  }

  /** Further servers that pages of this journey may lead to. */
  alsoOurs(...urls) {
    for (const url of urls) this.#ours.add(url);
  }

  /** A name that nobody else has on this server. */
  newName(name) {
    return `${name}${++this.#numbers}`;
  }

  /** Somebody with an account, made through the API. */
  async account(name) {
    return Account.register(this.url, this.newName(name), name[0].toUpperCase() + name.slice(1));
  }

  async administrator(name) {
    return Account.administrator(this.url, this.newName(name), SHARED_SECRET);
  }

  /**
   * A fresh browser window. Every request is watched: none may leave our own server, and no script may fail or be
   * stopped by the content security policy.
   */
  async window(options = {}) {
    const context = await this.#browser.newContext({ locale: 'de-DE', viewport: { width: 1000, height: 800 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#contexts.push(context);
    context.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.url && !this.#ours.has(origin) && protocol !== 'data:' && protocol !== 'blob:') this.#strange.push(`asked ${request.url()}`);
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.#strange.push(`script error: ${error.message}`));
    page.on('console', (message) => {
      // Chromium writes a line for every answer of 4xx; those are expected and looked at where they matter.
      const ofNetwork = /Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !ofNetwork) this.#strange.push(`console: ${message.text()}`);
    });
    return page;
  }

  /** A window in which `account` has signed in through the page of its server. */
  async signedIn(account, options, greeting = /^Guten Tag/) {
    const page = await this.window(options);
    await page.goto(`${account.url ?? this.url}/anmelden`);
    await page.getByLabel('Benutzername').fill(account.name);
    await page.getByLabel('Passwort', { exact: true }).fill(account.password);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByRole('heading', { name: greeting }).waitFor();
    return page;
  }

  /** Everything strange seen since the last look, as an error. `allowed`: what this test did on purpose. */
  requireNothingStrange(allowed = /(?!)/) {
    const strange = this.#strange.filter((one) => !allowed.test(one));
    this.#strange = [];
    if (strange.length > 0) throw new Error(`strange things happened:\n${strange.join('\n')}`);
  }

  async everybodyLeaves() {
    await Promise.all(this.#contexts.map((context) => context.close()));
    this.#contexts = [];
  }

  /** WCAG 2.2 AA and best practice by axe, and no sideways scrolling. */
  async requireAccessible(page, where) {
    // At the top, because what has scrolled halfway under the quick exit would count as too small to hit.
    await page.evaluate(() => scrollTo(0, 0));
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
      const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      const { violations } = await window.axe.run(document, { runOnly });
      const lines = violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 150)} ${node.failureSummary}`));
      if (document.documentElement.scrollWidth > innerWidth) lines.push(`scrolls sideways by ${document.documentElement.scrollWidth - innerWidth} px`);
      return lines;
    });
    if (found.length > 0) throw new Error(`${where}:\n${found.join('\n')}`);
  }

  /** A picture for people to look at, where PICTURES asks for one. */
  async picture(page, name, options = {}) {
    if (!process.env.PICTURES) return;
    mkdirSync(process.env.PICTURES, { recursive: true });
    await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, ...options });
  }

  async pictureOfFailure(name) {
    if (!process.env.PICTURES) return;
    const pages = this.#contexts.flatMap((context) => context.pages());
    for (const [index, page] of pages.entries())
      await this.picture(page, `failed-${name.replace(/\W+/g, '-')}-${index}`).catch(() => undefined);
  }

  async end() {
    await this.#browser?.close();
    await this.server?.end();
  }
}
