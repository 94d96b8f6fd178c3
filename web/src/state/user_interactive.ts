/**
 * Requests that the server lets through only after some stages: registering, changing the password, signing out devices.
 * https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api
 */
import { asObject, asText } from '../matrix/content';
import { Refused } from '../matrix/http';
import type { Json } from '../matrix/types';

export interface Challenge {
  session: string;
  completed: string[];
  flows: { stages: string[] }[];
  params: Json;
  /** Why the last stage was not accepted. */
  errcode: string;
}

export interface Policy {
  id: string;
  name: string;
  url: string;
}

/** What each stage sends besides its type and the session. */
export type StageAnswers = Record<string, Json>;

export function challengeOf(error: unknown): Challenge | undefined {
  if (!(error instanceof Refused) || error.status !== 401 || !Array.isArray(error.body['flows'])) return undefined;
  return {
    session: asText(error.body['session']),
    completed: (error.body['completed'] as string[] | undefined) ?? [],
    flows: error.body['flows'] as Challenge['flows'],
    params: asObject(error.body['params']),
    errcode: asText(error.body['errcode']),
  };
}

/** The shortest flow that `answers` can complete. */
export function flowFor(challenge: Challenge, answers: readonly string[]): string[] | undefined {
  return challenge.flows
    .map((flow) => flow.stages)
    .filter((stages) => stages.every((stage) => answers.includes(stage)))
    .sort((a, b) => a.length - b.length)[0];
}

/** Sends `request` again and again, each time with the next stage, until it is through or a stage is refused. */
export async function throughStages<T>(request: (auth?: Json) => Promise<T>, answers: StageAnswers): Promise<T> {
  let auth: Json | undefined;
  let tried = '';
  for (;;) {
    try {
      return await request(auth);
    } catch (error) {
      const challenge = challengeOf(error);
      if (!challenge) throw error;
      const next = flowFor(challenge, Object.keys(answers))?.find((stage) => !challenge.completed.includes(stage));
      if (!next) throw new Refused(401, 'ORG.RUNDE.UNKNOWN_STAGE', '', {});
      // The same stage once more would be refused once more.
      if (next === tried) throw new StageRefused(next, challenge.errcode);
      tried = next;
      auth = { ...answers[next], type: next, session: challenge.session };
    }
  }
}

export class StageRefused extends Error {
  constructor(
    readonly stage: string,
    readonly errcode: string,
  ) {
    super(stage);
  }
}

/** The texts to accept, in the person's language. https://spec.matrix.org/v1.19/client-server-api/#terms-of-service-at-registration */
export function policiesOf(challenge: Challenge, language: string): Policy[] {
  const policies = asObject(asObject(challenge.params['m.login.terms'])['policies']);
  return Object.entries(policies).flatMap(([id, policy]) => {
    const texts = asObject(policy);
    const text = asObject(texts[language] ?? texts['de'] ?? texts['en'] ?? Object.values(texts).find((one) => typeof one === 'object'));
    const url = asText(text['url']);
    return [{ id, name: asText(text['name'], id), url: /^(https?:\/\/|\/)/.test(url) ? url : '' }];
  });
}
