/** A chat room: the newest posts, older ones on request, new ones as they come. */
import type { MatrixEvent } from '../matrix/types';
import { path } from '../matrix/http';
import { PostList, type Post } from './posts.svelte';
import type { Room } from './rooms.svelte';
import { session } from './session.svelte';
import { sync } from './sync.svelte';
import { edit, markRead, sendMessage } from './writing';

const PAGE = 50;
/** How many pages back a link to an old post is followed. */
const MOST_PAGES_BACK = 20;

interface Page {
  chunk: MatrixEvent[];
  end?: string;
}

export class Chat {
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  readonly posts = new PostList();
  before = $state<string | undefined>();
  arrived = $state.raw<Post[]>([]);

  readonly #room: Room;
  #readUpTo = '';
  #stopListening: () => void;

  constructor(room: Room) {
    this.#room = room;
    this.#stopListening = sync.listen((roomId, events, limited) => {
      if (roomId !== room.id || this.status !== 'ready') return;
      if (limited) void this.load();
      else this.arrived = this.#appendAll(events).filter((post) => post.sender !== session.userId);
    });
  }

  close(): void {
    this.#stopListening();
  }

  /** `eventId`: a post that somebody was sent to; older posts are loaded until it is there. */
  async load(eventId?: string): Promise<void> {
    try {
      void this.#room.loadNames();
      const page = await this.#page();
      this.posts.clear();
      this.#appendAll(page.chunk.reverse());
      this.before = page.end;
      for (let pages = 0; eventId && !this.posts.get(eventId) && this.before && pages < MOST_PAGES_BACK; pages++) await this.loadEarlier();
      this.status = 'ready';
    } catch {
      this.status = 'failed';
    }
  }

  async loadEarlier(): Promise<void> {
    const page = await this.#page(this.before);
    // Backwards: an edit or a removal comes before its post, so the posts go in first.
    this.posts.prepend(page.chunk.filter(isPost).reverse());
    for (const event of page.chunk.reverse()) this.posts.annotate(event);
    this.before = page.end;
  }

  async send(body: string): Promise<void> {
    const content = { msgtype: 'm.text', body };
    const event_id = await sendMessage(this.#room.id, content);
    this.posts.appendEarly({ event_id, type: 'm.room.message', sender: session.userId, origin_server_ts: Date.now(), content });
  }

  async change(post: Post, body: string): Promise<void> {
    await edit(this.#room.id, post.id, body);
  }

  async markRead(): Promise<void> {
    const newest = this.posts.last?.id;
    if (!newest || newest === this.#readUpTo) return;
    this.#readUpTo = newest;
    await markRead(this.#room.id, newest).catch(() => (this.#readUpTo = ''));
  }

  #appendAll(events: MatrixEvent[]): Post[] {
    const fresh = this.posts.append(events.filter(isPost));
    for (const event of events) this.posts.annotate(event);
    return fresh;
  }

  #page(from?: string): Promise<Page> {
    const where = path`/_matrix/client/v3/rooms/${this.#room.id}/messages`;
    return session.server.get<Page>(where, { query: { dir: 'b', from, limit: PAGE } });
  }
}

function isPost(event: MatrixEvent): boolean {
  const relates = event.content['m.relates_to'] as { rel_type?: unknown } | undefined;
  return event.type === 'm.room.message' && event.state_key === undefined && relates?.rel_type !== 'm.replace';
}
