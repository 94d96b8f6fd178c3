/**
 * Who is signed in, in which language.
 *
 * The token is the only thing this page ever keeps in the browser. It lives in sessionStorage, gone when the tab is
 * closed, because many people share a device; only with "stay signed in" it moves to localStorage. Neither posts nor
 * drafts nor names are written to the device; a cookie says which language somebody chose, once they did.
 */
import { Connection, path } from '../matrix/http';
import type { Json, NodeInfo, SignedIn, Standing } from '../matrix/types';
import { isTone, preferredLanguage, texts, type Tone } from '../texts/texts.svelte';

const KEY = 'runde.session';
const TONE_COOKIE = 'runde_sprache';
const ONE_TIME = 'org.runde.must_change_password';

class Session {
  #signedIn = $state.raw<SignedIn | undefined>(restore());
  /** The server ended the session, not the person: the sign-in page says so. */
  expired = $state(false);
  node = $state.raw<NodeInfo | undefined>();

  /** Has a role in the organisation, so that there is a desk to go to. */
  onTeam = $state(false);
  /** Groups whose rules wait to be read and accepted. */
  pledges = $state.raw<Standing['groups']>([]);

  readonly server = new Connection(
    () => this.#signedIn?.access_token,
    () => texts.language,
    () => {
      this.forget();
      this.expired = true;
    },
  );

  get signedIn(): boolean {
    return this.#signedIn !== undefined;
  }
  get userId(): string {
    return this.#signedIn?.user_id ?? '';
  }
  get deviceId(): string {
    return this.#signedIn?.device_id ?? '';
  }

  /** Signed in with a one-time password: first of all it is replaced. */
  get needsOwnPassword(): boolean {
    return this.#signedIn?.[ONE_TIME] === true;
  }

  start(signedIn: SignedIn, stay: boolean): void {
    this.expired = false;
    this.#keep(signedIn, stay);
  }

  hasOwnPassword(): void {
    if (this.#signedIn) this.#keep({ ...this.#signedIn, [ONE_TIME]: undefined }, !this.isFleeting);
  }

  #keep(signedIn: SignedIn, stay: boolean): void {
    this.#signedIn = signedIn;
    const { user_id, access_token, device_id } = signedIn;
    (stay ? localStorage : sessionStorage).setItem(KEY, JSON.stringify({ user_id, access_token, device_id, [ONE_TIME]: signedIn[ONE_TIME] }));
  }

  /** Signs out here and on the server; a server that cannot be reached does not keep anybody signed in here. */
  async end(): Promise<void> {
    const goodbye = this.server.post('/_matrix/client/v3/logout', {}, { keepalive: true, timeout: 5000 });
    this.forget();
    await goodbye.catch(() => undefined);
  }

  forget(): void {
    this.#signedIn = undefined;
    this.onTeam = false;
    this.pledges = [];
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
  }

  /** True when closing the tab ends the session. */
  get isFleeting(): boolean {
    return localStorage.getItem(KEY) === null;
  }

  async loadNode(): Promise<void> {
    this.node = await this.server.get<NodeInfo>('/_runde/v1/node');
  }

  /** How the page speaks follows the person to the next device, so it is account data. */
  async loadSettings(): Promise<void> {
    const choices = this.#choices;
    const settings = await this.server
      .get<Json>(path`/_matrix/client/v3/user/${this.userId}/account_data/org.runde.settings`)
      .catch((): Json => ({}));
    // Older settings knew only the language.
    const chosen = settings['tone'] ?? (settings['language'] === 'de' ? 'sie' : settings['language']);
    // What somebody chose while this was on its way is newer.
    if (isTone(chosen) && choices === this.#choices) texts.tone = chosen;
    await this.loadStanding();
  }

  /** Which roles somebody has, and whose rules they have still to accept. */
  async loadStanding(): Promise<void> {
    const me = await this.server.get<Standing>('/_runde/v1/me').catch(() => undefined);
    this.onTeam = me !== undefined && (me.administrator || me.roles.some(({ role }) => role !== 'member'));
    this.pledges = me?.groups.filter((group) => !group.rules_accepted) ?? [];
  }

  #choices = 0;

  async chooseTone(tone: Tone): Promise<void> {
    this.#choices++;
    texts.tone = tone;
    // The pages that the server draws read the same cookie (api/web/view.cpp); it says nothing else.
    document.cookie = `${TONE_COOKIE}=${tone}; Path=/; SameSite=Lax; Max-Age=31536000`;
    if (this.signedIn)
      await this.server.put(path`/_matrix/client/v3/user/${this.userId}/account_data/org.runde.settings`, { tone, language: texts.language });
  }
}

/** What was chosen here or on a page that the server draws; else the browser's language. */
function rememberedTone(): Tone {
  const kept = new RegExp(`(?:^|; )${TONE_COOKIE}=(\\w+)`).exec(document.cookie)?.[1];
  return isTone(kept) ? kept : preferredLanguage(navigator.languages) === 'en' ? 'en' : 'sie';
}

function restore(): SignedIn | undefined {
  texts.tone = rememberedTone();
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? 'null') as Partial<SignedIn> | null;
    if (kept?.user_id && kept.access_token && kept.device_id) return kept as SignedIn;
  } catch {
    // Unreadable is as good as absent.
  }
  return undefined;
}

export const session = new Session();
