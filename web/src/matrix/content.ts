/** Reads what strangers wrote: every function here takes anything and answers something usable. */
import type { Json, MatrixEvent, TopicState } from './types';

export function asText(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

export function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function asNumber(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

export function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

export interface Relation {
  type: string;
  target: string;
  key: string;
}

/** https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events */
export function relation(event: MatrixEvent): Relation | undefined {
  const relates = asObject(event.content['m.relates_to']);
  const target = asText(relates['event_id']);
  const type = asText(relates['rel_type']);
  return target && type ? { type, target, key: asText(relates['key']) } : undefined;
}

/** The event that this one answers, unless the answer is only there for clients without threads. */
export function repliesTo(event: MatrixEvent): string | undefined {
  const relates = asObject(event.content['m.relates_to']);
  if (relates['is_falling_back'] === true) return undefined;
  return asText(asObject(relates['m.in_reply_to'])['event_id']) || undefined;
}

/** Which event a redaction removes: in the content since room version 11, beside it before. */
export function redactedId(event: MatrixEvent): string | undefined {
  return asText(event.content['redacts']) || event.redacts;
}

export function topicState(content: Json): TopicState {
  return {
    state: content['state'] === 'closed' ? 'closed' : 'open',
    pinned: content['pinned'] === true,
    answered: content['answered'] === true,
    tags: asTexts(content['tags']),
    closed_reason:
      content['closed_reason'] === 'quiet' || content['closed_reason'] === 'moderator' ? content['closed_reason'] : undefined,
  };
}

/** A topic's title is the first line of its first post. */
export function titleOf(body: string): string {
  return body.trimStart().split('\n', 1)[0]?.trim() ?? '';
}

export function bodyAfterTitle(body: string): string {
  const text = body.trimStart();
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end + 1).trim();
}

/** "@anna:example.org" -> "anna". */
export function localpart(userId: string): string {
  return userId.replace(/^@/, '').split(':', 1)[0] ?? userId;
}
