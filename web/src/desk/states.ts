/** The server's words for states, in ours. */
import type { ApplicationState, Card, Way } from './api';
import type { DeskKey } from './words';

export const STATES: Record<ApplicationState, DeskKey> = {
  received: 'stateReceived', interview: 'stateInterview', waiting: 'stateWaiting', admitted: 'stateAdmitted',
  declined: 'stateDeclined', withdrawn: 'stateWithdrawn', lapsed: 'stateLapsed',
};
export const WAYS: Record<Way, DeskKey> = { chat: 'wayChat', phone: 'wayPhone', video: 'wayVideo', in_person: 'wayInPerson' };
export const OPENNESS: Record<Card['openness'], DeskKey> = { open: 'openMark', full: 'fullMark', starting: 'startingMark' };
export const LOG: Record<string, DeskKey> = {
  received: 'logReceived', corrected: 'logCorrected', slot_picked: 'logSlotPicked', slot_given_back: 'logSlotBack', interviewed: 'interviewHeld',
  waiting: 'stateWaiting', admitted: 'stateAdmitted', declined: 'stateDeclined', withdrawn: 'stateWithdrawn', lapsed: 'stateLapsed',
};
