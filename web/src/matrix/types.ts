/**
 * The parts of the Matrix client-server API (v1.19) and of /_runde/v1/ that this page reads.
 *
 * `content` comes from strangers (any member of any partner server), so it stays `unknown` until a function of
 * content.ts has looked at it.
 */

export type Json = Record<string, unknown>;

export interface MatrixEvent {
  event_id: string;
  type: string;
  sender: string;
  origin_server_ts: number;
  content: Json;
  state_key?: string;
  redacts?: string;
  unsigned?: {
    transaction_id?: string;
    redacted_because?: MatrixEvent;
    'm.relations'?: Json;
    prev_content?: Json;
  };
}

/** A state event as in `invite_state`: without id and time. */
export type StrippedEvent = Pick<MatrixEvent, 'type' | 'sender' | 'content'> & { state_key: string };

export interface UnreadCounts {
  notification_count?: number;
  highlight_count?: number;
}

export interface JoinedRoom {
  state?: { events?: MatrixEvent[] };
  timeline?: { events?: MatrixEvent[]; limited?: boolean; prev_batch?: string };
  ephemeral?: { events?: { type: string; content: Json }[] };
  summary?: { 'm.heroes'?: string[]; 'm.joined_member_count'?: number };
  unread_notifications?: UnreadCounts;
  unread_thread_notifications?: Record<string, UnreadCounts>;
}

export interface SyncAnswer {
  next_batch: string;
  account_data?: { events?: { type: string; content: Json }[] };
  rooms?: {
    join?: Record<string, JoinedRoom>;
    invite?: Record<string, { invite_state?: { events?: StrippedEvent[] } }>;
    knock?: Record<string, unknown>;
    leave?: Record<string, unknown>;
  };
}

export interface Person {
  user_id: string;
  display_name?: string | null;
}

/** One row of GET /_runde/v1/rooms/{roomId}/topics. */
export interface TopicRow {
  event_id: string;
  title: string;
  author: Person;
  created_ts: number;
  last_ts: number;
  last_sender: Person;
  last_event_id: string;
  replies: number;
  state: 'open' | 'closed';
  pinned: boolean;
  answered: boolean;
  tags: string[];
  unread: number;
  highlights: number;
  mine: boolean;
}

/** Content of the state event org.runde.topic; its state key is the event that started the topic. */
export interface TopicState {
  state: 'open' | 'closed';
  pinned: boolean;
  answered: boolean;
  tags: string[];
  closed_reason?: 'moderator' | 'quiet';
}

export interface SearchHit {
  room_id: string;
  room_name: string;
  event_id: string;
  topic_event_id?: string;
  topic_title?: string;
  sender: Person;
  ts: number;
  snippet: { text: string; hit: boolean }[];
}

export interface SearchAnswer {
  count: number;
  count_is_exact: boolean;
  results: SearchHit[];
  next?: string;
}

/** GET /_runde/v1/node: whose server this is. */
export interface NodeInfo {
  server_name: string;
  name: string;
  registration: 'open' | 'token' | 'closed';
  languages: string[];
  version: string;
  /** False until the organisation has introduced itself. */
  organisation_set?: boolean;
  /** Where the quick exit leads, if the operator chose another page. */
  quick_exit?: string;
}

/** GET /_runde/v1/me: who somebody is to this organisation. */
export interface Standing {
  administrator: boolean;
  roles: { role: string; group_id?: string }[];
  /** `rules_page`: where they are read and accepted; only while they wait for that. */
  groups: { group_id: string; name: string; rules_accepted: boolean; rules_page?: string }[];
}

export interface PublicRoom {
  room_id: string;
  name?: string;
  topic?: string;
  num_joined_members: number;
  room_type?: string;
}

export interface Device {
  device_id: string;
  display_name?: string;
  last_seen_ts?: number;
}

export interface SignedIn {
  user_id: string;
  access_token: string;
  device_id: string;
  /** Somebody was handed this password; until they choose their own, the server lets them do nothing else. */
  'org.runde.must_change_password'?: boolean;
}
