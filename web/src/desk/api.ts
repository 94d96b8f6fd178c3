/** What the desk asks the server: /_runde/v1/ as docs/api.md describes it. */
import { path } from '../matrix/http';
import { session } from '../state/session.svelte';

export interface Grant {
  grant_id: number;
  user_id: string;
  role: Role;
  group_id?: string;
  granted_by: string;
  granted_ts: number;
  until?: number;
  withdrawn_by?: string;
  withdrawn_ts?: number;
}
export type Role = 'member' | 'moderator' | 'office' | 'board' | 'operator';

export interface Me {
  user_id: string;
  administrator: boolean;
  association_member: boolean;
  roles: Grant[];
}

export interface Organisation {
  kind: 'association' | 'contact_office' | 'working_group';
  name: string;
  region: string;
  purpose: string;
  responsible: string[];
  funding: string;
  server_location: string;
  contact_email: string;
  contact_phone: string;
  contact_address: string;
  contact_hours: string;
  answer_days: number;
  website: string;
}

export type Register = 'sie' | 'du' | 'leicht' | 'en';
export interface VersionedText {
  version: number;
  texts: Partial<Record<Register, string>>;
}

export interface Card {
  name: string;
  topic: string;
  about: string;
  region: string;
  place: string;
  forms: string[];
  openness: 'open' | 'full' | 'starting';
  languages: string[];
  accessibility: string[];
  contact_role: 'office' | 'moderators' | 'board';
}
export type Admission = 'open' | 'on_request' | 'with_interview';
export interface Group extends Card {
  group_id: string;
  admission: Admission;
  rules_version: number;
  rooms?: { space_id: string; forum_id: string; chat_id: string };
  /** Only for those who run the group. */
  team?: { members: number; waiting_list: boolean; seats?: number; closed_ts?: number };
}
export type GroupWishes = Card & { admission: Admission; waiting_list: boolean; seats: number | null };

export interface TopicCode {
  code: string;
  label: string;
  label_en: string;
}

export interface Question {
  id: string;
  kind: 'line' | 'text' | 'choice' | 'yes_no';
  label: string;
  reason: string;
  label_en?: string;
  reason_en?: string;
  required: boolean;
  choices?: string[];
}
export interface Entrance {
  mode: Admission;
  fields: Question[];
  deciders: number;
  /** Servers of offices whose admissions count here; only for the team. */
  recognises?: string[];
}
export type Outcome = 'admitted' | 'declined' | 'withdrawn' | 'lapsed';
export interface Count {
  /** "2026-11" */
  month: string;
  outcome: Outcome;
  n: number;
}

export type ApplicationState = 'received' | 'interview' | 'waiting' | 'admitted' | 'declined' | 'withdrawn' | 'lapsed';
export type Way = 'chat' | 'phone' | 'video' | 'in_person';
export interface Slot {
  slot_id: number;
  begins_ts: number;
  ends_ts: number;
  way: Way;
  place?: string;
  offered_by?: string;
  application_id?: string;
}
export interface Application {
  application_id: string;
  group_id: string;
  group_name: string;
  mode: Admission;
  user_id: string;
  state: ApplicationState;
  interviewed: boolean;
  register: Register;
  created_ts: number;
  erased_ts: number;
  answers: Record<string, string | boolean>;
  fields: Question[];
  email?: string;
  phone?: string;
  decided_ts?: number;
  room_id?: string;
  attested_by?: string;
  slot?: Slot;
  log: { ts: number; what: string; by?: string; text?: string }[];
  deciders: number;
  votes: { by: string; admit: boolean; text: string; reason: string; ts: number }[];
  notes: { by: string; text: string; ts: number }[];
}
/** Whether something can still happen to it. */
export const isOpen = (application: Application): boolean => application.decided_ts === undefined;

const { server } = session;
const runde = '/_runde/v1';
const group = (id: string) => path`/_runde/v1/groups/${id}`;
const application = (id: string) => path`/_runde/v1/desk/applications/${id}`;

export const desk = {
  me: () => server.get<Me>(`${runde}/me`),

  organisation: () => server.get<Organisation>(`${runde}/organisation`),
  saveOrganisation: (organisation: Organisation) => server.put(`${runde}/organisation`, organisation),
  text: (kind: string) => server.get<VersionedText>(path`/_runde/v1/texts/${kind}`),
  saveText: (kind: string, texts: VersionedText['texts']) => server.put<{ version: number }>(path`/_runde/v1/texts/${kind}`, { texts }),

  topics: async () => (await server.get<{ topic_codes: TopicCode[] }>(`${runde}/topic_codes`)).topic_codes,
  saveTopics: (topic_codes: TopicCode[]) => server.put(`${runde}/topic_codes`, { topic_codes }),
  groups: async () => (await server.get<{ groups: Group[] }>(`${runde}/groups`)).groups,
  group: (id: string) => server.get<Group>(group(id)),
  makeGroup: (wishes: GroupWishes) => server.post<Group>(`${runde}/groups`, wishes),
  saveGroup: (id: string, wishes: GroupWishes) => server.put<Group>(group(id), wishes),
  closeGroup: (id: string) => server.post(group(id) + '/close'),
  rules: (id: string) => server.get<VersionedText>(group(id) + '/rules'),
  saveRules: (id: string, texts: VersionedText['texts']) => server.put<{ version: number }>(group(id) + '/rules', { texts }),
  acceptance: (id: string) => server.get<{ accepted: number; members: number }>(group(id) + '/rules/acceptance'),

  entrance: (id: string) => server.get<Entrance>(group(id) + '/admission'),
  saveEntrance: (id: string, fields: Question[], deciders: number, recognises: string[]) =>
    server.put<Entrance>(group(id) + '/admission', { fields, deciders, recognises }),
  counts: async (id: string) => (await server.get<{ counts: Count[] }>(group(id) + '/admission/counts')).counts,
  applications: async (id: string) => (await server.get<{ applications: Application[] }>(group(id) + '/applications')).applications,
  openRequests: async (id: string) => (await server.get<{ open: number }>(group(id) + '/applications/count')).open,
  application: (id: string) => server.get<Application>(application(id)),
  vote: (id: string, verdict: 'admit' | 'decline', text: string, reason: string) =>
    server.post<Application>(application(id) + '/vote', { verdict, text, reason }),
  note: (id: string, text: string) => server.post<Application>(application(id) + '/notes', { text }),
  interviewed: (id: string) => server.post<Application>(application(id) + '/interviewed'),
  slots: async (id: string) => (await server.get<{ slots: Slot[] }>(group(id) + '/slots')).slots,
  offerSlot: (id: string, slot: Pick<Slot, 'begins_ts' | 'ends_ts' | 'way' | 'place'>) => server.post(group(id) + '/slots', slot),
  withdrawSlot: (id: string, slot: number) => server.delete(group(id) + '/slots/' + slot),

  roles: async (groupId?: string) => (await server.get<{ roles: Grant[] }>(`${runde}/roles`, { query: { group_id: groupId } })).roles,
  grant: (user_id: string, role: Role, group_id?: string, until?: number) => server.post(`${runde}/roles`, { user_id, role, group_id, until }),
  associationMembers: async () => (await server.get<{ user_ids: string[] }>(`${runde}/association_members`)).user_ids,
  addAssociationMember: (user: string) => server.put(path`/_runde/v1/association_members/${user}`, {}),
  removeAssociationMember: (user: string) => server.delete(path`/_runde/v1/association_members/${user}`),
  withdrawRole: (grant: number) => server.delete(`${runde}/roles/${grant}`),
};

/** A user id from what somebody has typed: a name of ours, or a whole Matrix address. */
export function userId(typed: string): string {
  const name = typed.trim().toLowerCase();
  return name.startsWith('@') ? name : `@${name}:${session.userId.split(':').slice(1).join(':')}`;
}

/** What somebody may do, as core/selfhelp/roles decides it; the server decides again. */
export class Rights {
  constructor(readonly me: Me) {}
  has(role: Role, groupId?: string): boolean {
    return this.me.roles.some((grant) => grant.role === role && (grant.group_id === undefined || grant.group_id === groupId));
  }
  get runsOrganisation(): boolean {
    return this.me.administrator || this.has('board');
  }
  get makesGroups(): boolean {
    return this.has('board') || this.has('office');
  }
  runsGroup(groupId: string): boolean {
    return this.makesGroups || this.has('moderator', groupId);
  }
  /** The roles that this person may give, on the node or in a group. */
  gives(groupId?: string): Role[] {
    if (this.has('board')) return groupId ? ['moderator', 'member'] : ['board', 'office', 'moderator', 'operator'];
    if (this.has('office')) return groupId ? ['moderator', 'member'] : ['moderator'];
    if (groupId) return this.has('moderator', groupId) ? ['member'] : [];
    return this.me.administrator ? ['board', 'office', 'operator'] : [];
  }
}
