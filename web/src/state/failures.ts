/** Why something did not work, in words for the person who tried. */
import { Refused, Unreachable } from '../matrix/http';
import { say, type Key } from '../texts/texts.svelte';

const KNOWN: Record<string, Key> = {
  M_LIMIT_EXCEEDED: 'failedTooOften',
  M_USER_IN_USE: 'userNameTaken',
  M_EXCLUSIVE: 'userNameTaken',
  M_INVALID_USERNAME: 'userNameInvalid',
  M_WEAK_PASSWORD: 'passwordWeak',
  M_USER_DEACTIVATED: 'accountDeactivated',
  'ORG.RUNDE.TOPIC_CLOSED': 'failedTopicClosed',
};

/** `forbidden`: what M_FORBIDDEN means here, where the page knows better than the server's general text. */
export function why(error: unknown, forbidden?: Key): string {
  if (error instanceof Refused) {
    if (error.errcode === 'M_FORBIDDEN') return forbidden ? say(forbidden) : say('failedForbidden');
    const known = KNOWN[error.errcode];
    return known ? say(known) : error.message;
  }
  if (error instanceof Unreachable) return say('failedUnreachable');
  throw error;
}
