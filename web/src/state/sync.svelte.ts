/**
 * The long-poll that keeps the page current, and what the page tells about it.
 * https://spec.matrix.org/v1.19/client-server-api/#syncing
 */
import { Refused } from '../matrix/http';
import type { MatrixEvent, SyncAnswer } from '../matrix/types';
import { rooms } from './rooms.svelte';
import { session } from './session.svelte';

/** Something changed in a room. `limited`: more happened than these events; whoever shows the room should load again. */
export type Listener = (roomId: string, events: MatrixEvent[], limited: boolean) => void;

const STATE = [
  'm.room.create', 'm.room.name', 'm.room.canonical_alias', 'm.room.topic', 'm.room.encryption', 'm.room.power_levels',
  'm.room.tombstone', 'm.room.member', 'org.runde.forum',
];

/** Topic states stay out of `state`: an old forum has thousands, and the list of topics carries them. */
function filter(timelineLimit: number): string {
  return JSON.stringify({
    presence: { not_types: ['*'] },
    account_data: { not_types: ['*'] },
    room: {
      state: { types: STATE, lazy_load_members: true },
      timeline: { limit: timelineLimit, lazy_load_members: true, unread_thread_notifications: true },
      ephemeral: { not_types: ['*'] },
      account_data: { not_types: ['*'] },
    },
  });
}

const POLL_MS = 30_000;
const LONGEST_WAIT_MS = 60_000;

class Sync {
  /** What the page says about the connection. `waiting`: tried in vain, tries again by itself. */
  status = $state<'off' | 'connecting' | 'live' | 'waiting'>('off');
  #listeners = new Set<Listener>();
  #running: AbortController | undefined;
  #wake: (() => void) | undefined;

  constructor() {
    addEventListener('online', () => this.#wake?.());
    // A phone that was put away wakes up with a dead connection; ask again at once rather than after the backoff.
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake?.());
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.stop();
    this.#running = new AbortController();
    this.status = 'connecting';
    void this.#run(this.#running.signal);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.status = 'off';
    rooms.clear();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let since: string | undefined;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const answer = await session.server.get<SyncAnswer>('/_matrix/client/v3/sync', {
          // The first answer of every page and after every failure comes at once, so that the status is true.
          query: { filter: filter(since ? 50 : 1), timeout: since && failures === 0 ? POLL_MS : 0, since, set_presence: 'offline' },
          timeout: POLL_MS + 20_000,
          signal,
        });
        if (signal.aborted) return;
        this.#apply(answer, since !== undefined);
        since = answer.next_batch;
        failures = 0;
        this.status = 'live';
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.errcode === 'M_UNKNOWN_TOKEN') return;
        if (error instanceof Refused && error.errcode === 'M_UNKNOWN_POS') since = undefined;
        failures++;
        if (failures > 1) this.status = 'waiting';
        await this.#pause(failures);
      }
    }
  }

  /** Doubling waits with jitter, cut short when the network comes back. */
  #pause(failures: number): Promise<void> {
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
    return new Promise((resume) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resume();
      };
      const timer = setTimeout(done, wait);
      this.#wake = done;
    });
  }

  #apply(answer: SyncAnswer, incremental: boolean): void {
    for (const [id, data] of Object.entries(answer.rooms?.join ?? {})) rooms.make(id).applySync(data);
    for (const [id, data] of Object.entries(answer.rooms?.invite ?? {}))
      rooms.make(id).applyInvite(data.invite_state?.events ?? []);
    for (const id of Object.keys(answer.rooms?.leave ?? {})) rooms.drop(id);
    rooms.loaded = true;
    if (!incremental) return;
    for (const [id, data] of Object.entries(answer.rooms?.join ?? {})) {
      const { events = [], limited = false } = data.timeline ?? {};
      for (const listener of this.#listeners) listener(id, events, limited);
    }
  }
}

export const sync = new Sync();
