/** Who is who (links, keys, addresses, decisions) and what happened (shadows, changes, activities, consents). */
export const identityAndHistory = `
create table musubi.links (
  id uuid primary key,
  connection text not null,
  object text not null,
  remote_id text not null,
  entity_type text not null,
  entity_id uuid,
  role text,
  state text not null default 'active',
  remote_version text,
  created_at timestamptz not null default now(),
  unique (connection, object, remote_id)
);
create index links_of_entity on musubi.links (entity_id);

create table musubi.source_records (
  connection text not null,
  object text not null,
  remote_id text not null,
  entity_type text not null,
  entity_id uuid,
  version text,
  modified_at timestamptz not null,
  hash text not null,
  fields jsonb not null,
  is_deleted boolean not null default false,
  mapping_version text not null,
  updated_at timestamptz not null default now(),
  primary key (connection, object, remote_id)
);

create table musubi.identity_keys (
  kind text not null,
  value text not null,
  person_id uuid not null,
  link_id uuid,
  created_at timestamptz not null default now(),
  primary key (kind, value, person_id)
);
create unique index identity_keys_exclusive on musubi.identity_keys (kind, value) where kind = 'memberNumber';
create index identity_keys_of_person on musubi.identity_keys (person_id);

create table musubi.addresses (
  channel text not null,
  scope text not null,
  id text not null,
  person_id uuid not null,
  display_name text,
  picture_url text,
  states jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  primary key (channel, scope, id)
);
create index addresses_of_person on musubi.addresses (person_id);

create table musubi.identity_decisions (
  id uuid primary key,
  at timestamptz not null,
  decided_by text not null,
  kind text not null,
  person_id uuid,
  other_person_id uuid,
  link_id uuid,
  reasons jsonb not null default '[]',
  state text not null default 'done',
  recorded_at timestamptz not null default now()
);
create index identity_decisions_of_person on musubi.identity_decisions (person_id);
create index identity_decisions_open on musubi.identity_decisions (at) where state = 'open';

create table musubi.changes (
  id uuid not null,
  recorded_at timestamptz not null default now(),
  at timestamptz not null,
  entity_type text not null,
  entity_id uuid not null,
  field text not null,
  before jsonb,
  after jsonb,
  outcome text not null,
  policy text not null,
  connection text not null,
  source_at timestamptz not null,
  link_id uuid,
  inbox_id uuid,
  mapping_version text,
  primary key (id, recorded_at)
) partition by range (recorded_at);
create index changes_of_entity on musubi.changes (entity_id, recorded_at desc);

create table musubi.activities (
  id uuid not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  kind text not null,
  direction text,
  connection text not null,
  source_event_id text not null,
  person_id uuid,
  company_id uuid,
  deal_id uuid,
  link_id uuid,
  subject text,
  body text,
  channel text,
  duration_sec int,
  outcome text,
  metadata jsonb not null default '{}',
  inbox_id uuid,
  mapping_version text,
  primary key (id, occurred_at)
) partition by range (occurred_at);
create unique index activities_source on musubi.activities (connection, source_event_id, occurred_at);
create index activities_of_person on musubi.activities (person_id, occurred_at desc);
create index activities_of_link on musubi.activities (link_id, occurred_at desc) where person_id is null;

create table musubi.consents (
  id uuid primary key,
  person_id uuid,
  link_id uuid,
  channel text not null,
  scope text not null default '',
  purpose text not null default 'promotion',
  status text not null,
  basis text,
  at timestamptz not null,
  source text not null,
  source_event_id text not null,
  connection text not null,
  evidence jsonb not null default '{}',
  recorded_at timestamptz not null default now(),
  unique (connection, source_event_id)
);
create index consents_of_person on musubi.consents (person_id, channel, at desc);
create index consents_of_link on musubi.consents (link_id) where person_id is null;

create table musubi.erased_events (
  connection text not null,
  source_event_id text not null,
  erased_at timestamptz not null default now(),
  primary key (connection, source_event_id)
);
`;
