import { matchKeys } from '../model/match-keys.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { Tx } from '../store/database.ts';
import { type EntityRow, loadEntities } from '../store/entities.ts';
import {
  type AddressRow,
  addressText,
  type IdentityDecision,
  type IdentityKey,
  identityKeyText,
  type LinkRow,
  loadAddresses,
  loadKeyHolders,
  loadLinks,
  lockIdentityKeys,
  type RemoteKey,
  remoteKeyText,
} from '../store/identity.ts';
import { type Candidate, matchPerson } from './match.ts';

/** What a mapping says about whose record or fact this is. */
export type Evidence =
  | { readonly kind: 'link'; readonly object: string; readonly id: string }
  | { readonly kind: 'key'; readonly key: 'email' | 'phone' | 'memberNumber'; readonly value: string };

/** One record or fact that names a person. */
export interface Mention {
  readonly connection: string;
  /** Set for a person's own record; absent for a fact about one. */
  readonly self: {
    readonly object: string;
    readonly id: string;
    readonly fields: JsonObject;
    readonly identify: readonly string[];
  } | null;
  readonly address: { readonly channel: string; readonly scope: string; readonly id: string } | null;
  readonly evidence: readonly Evidence[];
}

export interface Resolution {
  readonly personId: string | null;
  /** The identity it came from: the record's own link, or the first link of the evidence. */
  readonly linkId: string | null;
}

/** Who is who within one batch: what the store knows plus what this batch has decided so far. */
export interface PersonBook {
  readonly persons: Map<string, EntityRow>;
  readonly resolve: (mention: Mention) => Resolution;
  /** Takes a changed person into the book, with the keys its new values give. */
  readonly put: (row: EntityRow, linkId: string | null) => void;
  readonly linkOf: (key: RemoteKey) => LinkRow | undefined;
  readonly addressOf: (address: { channel: string; scope: string; id: string }) => AddressRow | undefined;
  readonly putAddress: (row: AddressRow) => void;
  readonly pending: {
    readonly links: Map<string, LinkRow>;
    readonly keys: (IdentityKey & { personId: string; linkId: string | null })[];
    readonly addresses: Map<string, AddressRow>;
    readonly decisions: IdentityDecision[];
    /** Links that had no person and got one: their facts follow. */
    readonly attached: { linkId: string; personId: string }[];
    readonly changedPersons: Set<string>;
  };
}

interface BookContext {
  readonly nowMs: number;
  readonly newId: () => string;
}

/**
 * Reads what the store knows about all mentions of a batch in a handful of statements. First sightings hold their
 * identity keys until the commit, so that two workers cannot make two persons of one.
 */
export async function openPersonBook(tx: Tx, mentions: readonly Mention[], context: BookContext): Promise<PersonBook> {
  const wanted = wantedKeys(mentions);
  let known = await readKnown(tx, wanted);
  if (mentions.some((mention) => isUnknown(mention, known))) {
    await lockIdentityKeys(tx, lockTexts(wanted));
    known = await readKnown(tx, wanted);
  }
  const ids = new Set<string>();
  for (const link of known.links.values()) if (link.entityType === 'person' && link.entityId) ids.add(link.entityId);
  for (const address of known.addresses.values()) ids.add(address.personId);
  for (const holders of known.holders.values()) for (const id of holders) ids.add(id);
  const persons = await loadEntities(tx, 'person', [...ids], { lock: true });
  return createBook(known, persons, context);
}

interface Wanted {
  readonly links: RemoteKey[];
  readonly addresses: { channel: string; scope: string; id: string }[];
  readonly keys: IdentityKey[];
}

interface Known {
  readonly links: Map<string, LinkRow>;
  readonly addresses: Map<string, AddressRow>;
  readonly holders: Map<string, string[]>;
}

function wantedKeys(mentions: readonly Mention[]): Wanted {
  const links = new Map<string, RemoteKey>();
  const addresses = new Map<string, { channel: string; scope: string; id: string }>();
  const keys = new Map<string, IdentityKey>();
  for (const mention of mentions) {
    for (const link of linksOf(mention)) links.set(remoteKeyText(link), link);
    if (mention.address) addresses.set(addressText(mention.address), mention.address);
    for (const key of keysOf(mention)) keys.set(identityKeyText(key), key);
  }
  return { links: [...links.values()], addresses: [...addresses.values()], keys: [...keys.values()] };
}

const linksOf = ({ connection, self, evidence }: Mention): RemoteKey[] => [
  ...(self ? [{ connection, object: self.object, remoteId: self.id }] : []),
  ...evidence.flatMap((one) => (one.kind === 'link' ? [{ connection, object: one.object, remoteId: one.id }] : [])),
];

/** Keys that can prove something: a role address is none (matchKeys leaves it out). */
const keysOf = ({ self, evidence }: Mention): IdentityKey[] => [
  ...(self ? evidenceKeys(self) : []),
  ...evidence.flatMap((one) => (one.kind === 'key' ? matchKeys({ [one.key]: one.value }) : [])),
];

/** The keys of the fields that the mapping names as evidence. */
const evidenceKeys = ({ fields, identify }: NonNullable<Mention['self']>): readonly IdentityKey[] =>
  matchKeys(Object.fromEntries(Object.entries(fields).filter(([name]) => identify.includes(name))));

const readKnown = async (tx: Tx, wanted: Wanted): Promise<Known> => ({
  links: await loadLinks(tx, wanted.links),
  addresses: await loadAddresses(tx, wanted.addresses),
  holders: await loadKeyHolders(tx, wanted.keys),
});

/** A mention is unknown when it may make a person, a link or an attachment. */
const isUnknown = (mention: Mention, known: Known) =>
  linksOf(mention).some((link) => !known.links.get(remoteKeyText(link))?.entityId);

const lockTexts = (wanted: Wanted) =>
  [
    ...wanted.links.map(remoteKeyText),
    ...wanted.addresses.map(addressText),
    ...wanted.keys.map(identityKeyText),
  ].sort();

function createBook(known: Known, persons: Map<string, EntityRow>, context: BookContext): PersonBook {
  const pending: PersonBook['pending'] = {
    links: new Map(),
    keys: [],
    addresses: new Map(),
    decisions: [],
    attached: [],
    changedPersons: new Set(),
  };
  const at = new Date(context.nowMs).toISOString();

  const decide = (decision: Omit<IdentityDecision, 'id' | 'at' | 'decidedBy'>) =>
    pending.decisions.push({ id: context.newId(), at, decidedBy: 'musubi', ...decision });

  const linkFor = (key: RemoteKey): LinkRow => {
    const found = known.links.get(remoteKeyText(key));
    if (found) return found;
    const link: LinkRow = {
      id: context.newId(),
      ...key,
      entityType: 'person',
      entityId: null,
      state: 'active',
      shadow: null,
    };
    known.links.set(remoteKeyText(key), link);
    pending.links.set(remoteKeyText(key), link);
    return link;
  };

  /** Gives a link that stood for nobody to a person; its earlier facts follow. */
  const bind = (
    link: LinkRow,
    personId: string,
    kind: 'new' | 'link' | 'attach',
    reasons: readonly string[],
  ): LinkRow => {
    if (link.entityId !== null) return link;
    const bound = { ...link, entityId: personId };
    const text = remoteKeyText(link);
    known.links.set(text, bound);
    pending.links.set(text, bound);
    pending.attached.push({ linkId: link.id, personId });
    decide({ kind, personId, otherPersonId: null, linkId: link.id, reasons, state: 'done' });
    return bound;
  };

  const addKeys = (fields: JsonObject, personId: string, linkId: string | null) => {
    for (const key of matchKeys(fields)) {
      const holders = known.holders.get(identityKeyText(key)) ?? [];
      if (holders.includes(personId)) continue;
      known.holders.set(identityKeyText(key), [...holders, personId]);
      pending.keys.push({ ...key, personId, linkId });
    }
  };

  const newPerson = (): EntityRow => {
    const row: EntityRow = {
      type: 'person',
      id: context.newId(),
      version: 1,
      createdAtMs: context.nowMs,
      updatedAtMs: context.nowMs,
      fields: {},
      custom: {},
      fieldMeta: {},
      mergedInto: null,
      deletedAtMs: null,
    };
    persons.set(row.id, row);
    pending.changedPersons.add(row.id);
    return row;
  };

  const candidatesOf = (self: NonNullable<Mention['self']>): Candidate[] => {
    const shared = new Map<string, string[]>();
    for (const key of evidenceKeys(self)) {
      for (const id of known.holders.get(identityKeyText(key)) ?? [])
        shared.set(id, [...(shared.get(id) ?? []), key.kind]);
    }
    return [...shared].map(([personId, sharedKeys]) => ({
      personId,
      sharedKeys,
      fields: persons.get(personId)?.fields ?? {},
    }));
  };

  const resolveSelf = (mention: Mention, self: NonNullable<Mention['self']>): Resolution => {
    const link = linkFor({ connection: mention.connection, object: self.object, remoteId: self.id });
    if (link.entityId) return { personId: link.entityId, linkId: link.id };
    const address = mention.address ? known.addresses.get(addressText(mention.address)) : undefined;
    if (address) return { personId: bind(link, address.personId, 'link', ['address']).entityId, linkId: link.id };
    const decision = matchPerson(self.fields, candidatesOf(self));
    const personId = decision.kind === 'link' ? decision.personId : newPerson().id;
    bind(link, personId, decision.kind, decision.reasons);
    if (decision.kind === 'new') {
      for (const { personId: otherPersonId, reasons } of decision.review) {
        decide({ kind: 'review', personId, otherPersonId, linkId: link.id, reasons, state: 'open' });
      }
    }
    return { personId, linkId: link.id };
  };

  /** A key in a fact attributes it to the single person who holds it; it never merges, and a phone alone proves nothing. */
  const holderOf = (one: Evidence): string | null => {
    if (one.kind === 'link' || one.key === 'phone') return null;
    const holders = matchKeys({ [one.key]: one.value }).flatMap((key) => known.holders.get(identityKeyText(key)) ?? []);
    return holders.length === 1 ? (holders[0] ?? null) : null;
  };

  return {
    persons,
    pending,
    linkOf: (key) => known.links.get(remoteKeyText(key)),
    addressOf: (address) => known.addresses.get(addressText(address)),
    putAddress(row) {
      known.addresses.set(addressText(row), row);
      pending.addresses.set(addressText(row), row);
    },
    put(row, linkId) {
      persons.set(row.id, row);
      pending.changedPersons.add(row.id);
      addKeys(row.fields, row.id, linkId);
    },
    resolve(mention) {
      const own = mention.self ? resolveSelf(mention, mention.self) : null;
      const links = mention.evidence.flatMap((one) =>
        one.kind === 'link' ? [linkFor({ connection: mention.connection, object: one.object, remoteId: one.id })] : [],
      );
      let personId = own?.personId ?? null;
      for (const one of mention.evidence) {
        if (personId !== null) break;
        const key: RemoteKey | null =
          one.kind === 'link' ? { connection: mention.connection, object: one.object, remoteId: one.id } : null;
        personId = key ? (known.links.get(remoteKeyText(key))?.entityId ?? null) : holderOf(one);
      }
      if (personId !== null) for (const link of links) bind(link, personId, 'attach', ['named together']);
      return { personId, linkId: own?.linkId ?? links[0]?.id ?? null };
    },
  };
}
