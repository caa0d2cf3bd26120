/**
 * Canonical entities (typed columns; a workspace's custom fields in `custom`, provenance in `field_meta`), identity and
 * history. A released migration never changes: tests/core/store/columns.test.ts compares the columns with core/model.
 */
export const entitiesAndIdentity = `

create table musubi.persons (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  member_number text,
  last_name text,
  first_name text,
  last_name_kana text,
  first_name_kana text,
  full_name text,
  display_name text,
  honorific text,
  email text,
  emails jsonb,
  phone text,
  mobile text,
  phones jsonb,
  company_ref uuid,
  company_name text,
  industry text,
  department text,
  job_title text,
  seniority text,
  postal_code text,
  prefecture text,
  city text,
  street text,
  country text,
  birthday date,
  gender text,
  language text,
  time_zone text,
  lead_source text,
  lead_source_detail text,
  utm jsonb,
  lifecycle_stage text,
  buyer_stage text,
  lead_status text,
  score numeric,
  score_grade text,
  owner_ref text,
  tags jsonb,
  first_seen_at timestamptz,
  last_activity_at timestamptz,
  last_inbound_at timestamptz,
  last_outbound_at timestamptz,
  converted_at timestamptz,
  do_not_contact boolean,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.companies (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  name text,
  name_kana text,
  legal_form text,
  corporate_number text,
  domain text,
  website text,
  phone text,
  industry text,
  employees bigint,
  annual_revenue jsonb,
  postal_code text,
  prefecture text,
  city text,
  street text,
  country text,
  parent_ref uuid,
  owner_ref text,
  tier text,
  tags jsonb,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.deals (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  name text,
  company_ref uuid,
  primary_person_ref uuid,
  person_refs jsonb,
  pipeline text,
  stage text,
  stage_label text,
  status text,
  lost_reason text,
  lost_reason_text text,
  competitor text,
  amount jsonb,
  probability numeric,
  expected_close_date date,
  closed_at timestamptz,
  stage_entered_at timestamptz,
  owner_ref text,
  next_step text,
  next_step_date date,
  follow_up_state text,
  source text,
  product text,
  created_at_remote timestamptz,
  last_activity_at timestamptz,
  stage_history jsonb,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.purchases (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  person_ref uuid,
  company_ref uuid,
  order_id text,
  at timestamptz,
  items jsonb,
  total jsonb,
  status text,
  channel text,
  deal_ref uuid,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.tickets (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  subject text,
  status text,
  priority text,
  person_ref uuid,
  company_ref uuid,
  opened_at timestamptz,
  closed_at timestamptz,
  first_response_at timestamptz,
  csat numeric,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.surveys (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  person_ref uuid,
  kind text,
  score numeric,
  comment text,
  at timestamptz,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.memberships (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  person_ref uuid,
  container text,
  container_kind text,
  status text,
  joined_at timestamptz,
  left_at timestamptz,
  progress text,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.users (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  email text,
  name text,
  active boolean,
  connection_ids jsonb,
  addresses jsonb,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.products (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  code text,
  name text,
  kind text,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create table musubi.campaigns (
  id uuid primary key,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  merged_into uuid,
  code text,
  name text,
  kind text,
  start_at timestamptz,
  end_at timestamptz,
  join_url text,
  custom jsonb not null default '{}',
  field_meta jsonb not null default '{}'
);

create index deals_of_person on musubi.deals (primary_person_ref);

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
`;
