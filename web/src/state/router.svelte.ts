/**
 * Addresses of the page: real paths, so that a link to a topic or a post is a link like any other.
 *
 * Ids travel without their sigil: '!' and '$' at the start are what mail programs cut links at, and they carry nothing.
 */
export type Page =
  | { name: 'home' | 'sign-in' | 'register' | 'account' | 'help' | 'search' | 'new-forum' | 'missing' }
  | { name: 'forum' | 'forum-settings' | 'new-topic' | 'chat'; roomId: string }
  | { name: 'desk'; parts: string[] }
  | { name: 'topic'; roomId: string; rootId: string }
  | { name: 'permalink'; roomId: string; eventId: string };

export const links = {
  /** The front page and everything else that the server draws without this page: the browser loads them. */
  front: '/',
  home: '/mitglieder',
  signIn: '/anmelden',
  register: '/registrieren',
  account: '/konto',
  help: '/hilfe',
  search: '/suche',
  newForum: '/forum-anlegen',
  desk: '/team',
  forum: (roomId: string) => `/forum/${bare(roomId)}`,
  forumSettings: (roomId: string) => `/forum/${bare(roomId)}/einstellungen`,
  newTopic: (roomId: string) => `/forum/${bare(roomId)}/neu`,
  topic: (roomId: string, rootId: string, eventId?: string) =>
    `/forum/${bare(roomId)}/${bare(rootId)}` + (eventId && eventId !== rootId ? `?beitrag=${bare(eventId)}` : ''),
  chat: (roomId: string, eventId?: string) => `/chat/${bare(roomId)}` + (eventId ? `?beitrag=${bare(eventId)}` : ''),
  /** Leads to the post wherever it stands, now and later. */
  permalink: (roomId: string, eventId: string) => `/r/${bare(roomId)}/${bare(eventId)}`,
};

const SIMPLE: Record<string, Page['name']> = {
  mitglieder: 'home',
  anmelden: 'sign-in',
  registrieren: 'register',
  konto: 'account',
  hilfe: 'help',
  suche: 'search',
  'forum-anlegen': 'new-forum',
};

export function pageOf(pathname: string): Page {
  const [first = '', second, third, ...more] = segments(pathname);
  if (first === 'team') return { name: 'desk', parts: segments(pathname).slice(1) };
  if (more.length > 0) return { name: 'missing' };
  if (second === undefined) {
    const name = SIMPLE[first];
    return name ? ({ name } as Page) : { name: 'missing' };
  }
  const roomId = withSigil('!', second);
  if (first === 'chat' && !third) return { name: 'chat', roomId };
  if (first === 'forum' && !third) return { name: 'forum', roomId };
  if (first === 'forum' && third === 'neu') return { name: 'new-topic', roomId };
  if (first === 'forum' && third === 'einstellungen') return { name: 'forum-settings', roomId };
  if (first === 'forum' && third) return { name: 'topic', roomId, rootId: withSigil('$', third) };
  if (first === 'r' && third) return { name: 'permalink', roomId, eventId: withSigil('$', third) };
  return { name: 'missing' };
}

function segments(pathname: string): string[] {
  try {
    return pathname.replace(/^\/|\/$/g, '').split('/').map(decodeURIComponent);
  } catch {
    return ['?'];
  }
}

function bare(id: string): string {
  return encodeURIComponent(id.replace(/^[!$]/, '')).replaceAll('%3A', ':');
}

export function withSigil(sigil: '!' | '$', id: string): string {
  return id.startsWith(sigil) ? id : sigil + id;
}

/** A path of our own that somebody may be sent to after signing in. */
export function safeReturn(target: string | null): string {
  return target && /^\/(?![/\\])/.test(target) ? target : links.home;
}

class Router {
  #url = $state.raw(new URL(location.href));
  /** Counts real page changes, not changes of the query on the same page. */
  visits = $state(0);
  /** The page was reached by "back" or "forward", so it opens where it was left. */
  returning = false;

  readonly page = $derived<Page>(pageOf(this.#url.pathname));
  readonly query = $derived(this.#url.searchParams);
  get here(): string {
    return this.#url.pathname + this.#url.search;
  }

  constructor() {
    history.scrollRestoration = 'manual';
    addEventListener('popstate', (event) => {
      this.returning = true;
      this.#arrive();
      scrollBackTo((event.state as { scroll?: number } | null)?.scroll ?? 0);
    });
    document.addEventListener('click', (event) => this.#follow(event));
  }

  go(target: string, { replace = false } = {}): void {
    if (!replace) history.replaceState({ scroll: scrollY }, '');
    history[replace ? 'replaceState' : 'pushState'](null, '', target);
    this.returning = false;
    this.#arrive();
  }

  #arrive(): void {
    const before = this.#url.pathname;
    this.#url = new URL(location.href);
    if (this.#url.pathname !== before) this.visits++;
  }

  /** Plain clicks on our own links change the page without loading it again; pages that the server draws are loaded. */
  #follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const modified = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!link || modified || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || link.hash || pageOf(link.pathname).name === 'missing') return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

/** Scrolls as soon as the page has become long enough again, and gives up when the reader moves or it takes long. */
function scrollBackTo(y: number): void {
  const givenUp = new AbortController();
  for (const moved of ['wheel', 'touchstart', 'keydown']) addEventListener(moved, () => givenUp.abort(), { once: true, signal: givenUp.signal });
  setTimeout(() => givenUp.abort(), 3000);
  const attempt = () => {
    if (givenUp.signal.aborted) return;
    if (document.documentElement.scrollHeight - innerHeight < y) return void requestAnimationFrame(attempt);
    scrollTo({ top: y, behavior: 'instant' });
    givenUp.abort();
  };
  requestAnimationFrame(attempt);
}

export const router = new Router();
