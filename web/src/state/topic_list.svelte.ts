/** The topics of a forum as the reader wants to see them, kept current while they look. */
import { path, Refused } from '../matrix/http';
import type { TopicRow } from '../matrix/types';
import { session } from './session.svelte';
import { sync } from './sync.svelte';

export interface TopicFilter {
  order: 'activity' | 'created';
  state: '' | 'open' | 'closed' | 'answered';
  tag: string;
  mine: boolean;
  unread: boolean;
}

export function filterOf(query: URLSearchParams): TopicFilter {
  const state = query.get('zustand');
  return {
    order: query.get('ordnung') === 'neu' ? 'created' : 'activity',
    state: state === 'offen' ? 'open' : state === 'geschlossen' ? 'closed' : state === 'beantwortet' ? 'answered' : '',
    tag: query.get('schlagwort') ?? '',
    mine: query.has('meine'),
    unread: query.has('ungelesen'),
  };
}

/** The filter stands in the address, so that "back" and bookmarks keep it. */
export function queryOf(filter: TopicFilter): string {
  const states = { '': '', open: 'offen', closed: 'geschlossen', answered: 'beantwortet' };
  const query = new URLSearchParams();
  if (filter.order === 'created') query.set('ordnung', 'neu');
  if (filter.state) query.set('zustand', states[filter.state]);
  if (filter.tag) query.set('schlagwort', filter.tag);
  if (filter.mine) query.set('meine', '1');
  if (filter.unread) query.set('ungelesen', '1');
  const text = query.toString();
  return text ? '?' + text : '';
}

const PAGE = 20;
/** A lively forum must not make every reader ask at every post. */
const CALM_MS = 400;

export class TopicList {
  status = $state<'loading' | 'ready' | 'missing' | 'failed'>('loading');
  rows = $state.raw<TopicRow[]>([]);
  #next = $state<string | undefined>();
  #filter: TopicFilter | undefined;
  #round = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopListening: () => void;

  constructor(readonly roomId: string) {
    this.#stopListening = sync.listen((changed) => {
      if (changed !== roomId || this.#timer) return;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        void this.#load(Math.max(PAGE, this.rows.length));
      }, CALM_MS);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }

  get hasMore(): boolean {
    return this.#next !== undefined;
  }

  async show(filter: TopicFilter): Promise<void> {
    this.#filter = filter;
    this.status = 'loading';
    await this.#load(PAGE);
  }

  async more(): Promise<void> {
    const page = await this.#page(PAGE, this.#next);
    const known = new Set(this.rows.map((row) => row.event_id));
    this.rows = [...this.rows, ...page.topics.filter((row) => !known.has(row.event_id))];
    this.#next = page.next;
  }

  async #load(limit: number): Promise<void> {
    const round = ++this.#round;
    try {
      const page = await this.#page(limit);
      if (round !== this.#round) return;
      this.rows = page.topics;
      this.#next = page.next;
      this.status = 'ready';
    } catch (error) {
      if (round !== this.#round || this.status === 'ready') return;
      this.status = error instanceof Refused && (error.status === 403 || error.status === 404) ? 'missing' : 'failed';
    }
  }

  #page(limit: number, from?: string): Promise<{ topics: TopicRow[]; next?: string }> {
    const filter = this.#filter!;
    const { state } = filter;
    return session.server.get(path`/_runde/v1/rooms/${this.roomId}/topics`, {
      query: {
        order: filter.order,
        state: state === 'answered' ? undefined : state || undefined,
        answered: state === 'answered' ? true : undefined,
        tag: filter.tag || undefined,
        mine: filter.mine || undefined,
        unread: filter.unread || undefined,
        limit,
        from,
      },
    });
  }
}
