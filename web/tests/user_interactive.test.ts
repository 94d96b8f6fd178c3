import { describe, expect, test } from 'vitest';

import { Refused } from '../src/matrix/http';
import type { Json } from '../src/matrix/types';
import { challengeOf, flowFor, policiesOf, StageRefused, throughStages } from '../src/state/user_interactive';

const refusal = (body: Json) => new Refused(401, String(body['errcode'] ?? ''), '', body);
const flows = [{ stages: ['m.login.terms', 'm.login.email.identity'] }, { stages: ['m.login.registration_token', 'm.login.terms'] }];

/** A server that wants the second flow and knows the token "offen". */
function server(): { seen: (Json | undefined)[]; register: (auth?: Json) => Promise<string> } {
  const seen: (Json | undefined)[] = [];
  const completed: string[] = [];
  return {
    seen,
    register: (auth) => {
      seen.push(auth);
      if (auth?.['type'] === 'm.login.registration_token' && auth['token'] !== 'offen')
        return Promise.reject(refusal({ errcode: 'M_UNAUTHORIZED', flows, session: 's', completed }));
      if (auth) completed.push(String(auth['type']));
      return completed.length === 2 ? Promise.resolve('da') : Promise.reject(refusal({ flows, session: 's', completed: [...completed] }));
    },
  };
}

describe('stages', () => {
  test('are gone through one after the other', async () => {
    const { seen, register } = server();
    const answers = { 'm.login.registration_token': { token: 'offen' }, 'm.login.terms': {} };
    await expect(throughStages(register, answers)).resolves.toBe('da');
    expect(seen).toEqual([
      undefined,
      { type: 'm.login.registration_token', session: 's', token: 'offen' },
      { type: 'm.login.terms', session: 's' },
    ]);
  });

  test('one that is refused is named, and not tried for ever', async () => {
    const { seen, register } = server();
    const failed = await throughStages(register, { 'm.login.registration_token': { token: 'falsch' }, 'm.login.terms': {} }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StageRefused);
    expect(failed).toMatchObject({ stage: 'm.login.registration_token', errcode: 'M_UNAUTHORIZED' });
    expect(seen).toHaveLength(2);
  });

  test('that we do not know are not begun', async () => {
    const { seen, register } = server();
    await expect(throughStages(register, { 'm.login.dummy': {} })).rejects.toBeInstanceOf(Refused);
    expect(seen).toEqual([undefined]);
  });

  test('another refusal is passed on', () => {
    expect(challengeOf(new Refused(403, 'M_FORBIDDEN', '', {}))).toBeUndefined();
    expect(flowFor({ session: '', completed: [], flows, params: {}, errcode: '' }, ['m.login.dummy'])).toBeUndefined();
  });
});

test('the texts to accept, in the language of the person', () => {
  const policies = { rules: { version: '2', de: { name: 'Regeln', url: 'https://a.test/r' }, en: { name: 'Rules', url: 'javascript:x' } } };
  const challenge = { session: '', completed: [], flows, params: { 'm.login.terms': { policies } }, errcode: '' };
  expect(policiesOf(challenge, 'de')).toEqual([{ id: 'rules', name: 'Regeln', url: 'https://a.test/r' }]);
  expect(policiesOf(challenge, 'en')).toEqual([{ id: 'rules', name: 'Rules', url: '' }]);
});
