/** Deliveries, inbox, effects, runs and their helpers. Partitions are made by core/store/partitions.ts. */
export const inboxAndOutbox = `
create table musubi.meta (
  key text primary key,
  value jsonb not null
);

create table musubi.deliveries (
  id uuid not null,
  connection text not null,
  received_at timestamptz not null default now(),
  headers jsonb not null,
  raw bytea not null,
  event_count int not null,
  primary key (id, received_at)
) partition by range (received_at);

create table musubi.dedup_keys (
  connection text not null,
  dedup_key text not null,
  body_hash text not null,
  expires_at timestamptz not null,
  primary key (connection, dedup_key)
);
create index dedup_keys_expiry on musubi.dedup_keys (expires_at);

create sequence musubi.inbox_seq;
create table musubi.inbox (
  seq bigint not null default nextval('musubi.inbox_seq'),
  id uuid not null,
  delivery_id uuid not null,
  connection text not null,
  external_id text not null,
  dedup_key text not null,
  record_key text not null,
  lane smallint not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null default now(),
  payload text not null,
  state text not null default 'pending',
  reason text,
  attempts int not null default 0,
  next_at timestamptz,
  mapping_version text,
  processed_at timestamptz,
  primary key (id, received_at)
) partition by range (received_at);
create index inbox_pending on musubi.inbox (seq) where state = 'pending';
create index inbox_retries on musubi.inbox (next_at) where state = 'pending' and attempts > 0;
create index inbox_dead on musubi.inbox (received_at) where state = 'dead';

create table musubi.work_batches (
  id uuid primary key,
  worker text not null,
  started_at timestamptz not null default now(),
  seqs bigint[] not null,
  lanes smallint[] not null
);

create table musubi.dirty_records (
  connection text not null,
  object text not null,
  remote_id text not null,
  marked_at timestamptz not null default now(),
  attempts int not null default 0,
  next_at timestamptz,
  reason text,
  primary key (connection, object, remote_id)
);

create table musubi.runs (
  id uuid primary key,
  rule text not null,
  rule_version text not null,
  subject_type text not null,
  subject_id uuid not null,
  person_id uuid,
  cause text not null,
  state text not null,
  position text,
  resume_at timestamptz,
  vars jsonb not null default '{}',
  reason text,
  started_at timestamptz not null,
  ended_at timestamptz
);
create index runs_due on musubi.runs (resume_at) where state = 'waiting';
create index runs_open on musubi.runs (subject_id) where state in ('active', 'waiting');
create index runs_recent on musubi.runs (subject_id, rule, started_at desc);

create table musubi.decisions (
  id uuid not null,
  recorded_at timestamptz not null default now(),
  at timestamptz not null,
  stage text not null,
  outcome text not null,
  reason text not null,
  effect_id uuid,
  run_id uuid,
  person_id uuid,
  detail jsonb not null default '{}',
  primary key (id, recorded_at)
) partition by range (recorded_at);
create index decisions_of_effect on musubi.decisions (effect_id);
create index decisions_of_person on musubi.decisions (person_id, recorded_at desc);

create table musubi.effect_keys (
  effect_key text primary key,
  effect_id uuid not null,
  created_at timestamptz not null default now()
);

create sequence musubi.effect_seq;
create table musubi.effects (
  id uuid not null,
  seq bigint not null default nextval('musubi.effect_seq'),
  created_at timestamptz not null default now(),
  effect_key text not null,
  retry_key uuid not null,
  connection text not null,
  action text not null,
  class text not null,
  kind text not null,
  target text not null,
  person_id uuid,
  run_id uuid,
  rule text,
  step text,
  cause text not null,
  input jsonb not null,
  thread text,
  answered_effect uuid,
  state text not null default 'planned',
  planned_at timestamptz not null,
  due_at timestamptz not null,
  attempts int not null default 0,
  fence int not null default 0,
  lease_until timestamptz,
  is_after_unknown boolean not null default false,
  result jsonb,
  code text,
  reason text,
  confirmed_at timestamptz,
  primary key (id, created_at)
) partition by range (created_at);
create index effects_open on musubi.effects (due_at, seq) where state in ('planned', 'sending');
create index effects_of_target on musubi.effects (connection, target, seq) where state in ('planned', 'sending');
create index effects_thread on musubi.effects (connection, thread, seq) where thread is not null;
create index effects_dead on musubi.effects (created_at) where state in ('dead', 'unknown');
create index effects_of_run on musubi.effects (run_id);
create index effects_of_person on musubi.effects (person_id, confirmed_at desc);

create table musubi.write_ledger (
  connection text not null,
  object text not null,
  remote_id text not null,
  field text not null,
  value jsonb,
  written_at timestamptz not null default now(),
  effect_id uuid not null,
  remote_version text,
  primary key (connection, object, remote_id, field)
);

create table musubi.cursors (
  connection text not null,
  object text not null,
  position jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (connection, object)
);

create table musubi.connection_states (
  connection text primary key,
  state text not null default 'ok',
  last_error text,
  last_error_at timestamptz,
  last_ok_at timestamptz,
  paused_until timestamptz,
  quota jsonb
);

create table musubi.connection_tokens (
  connection text not null,
  field text not null,
  ciphertext bytea not null,
  key_id text not null,
  version int not null default 1,
  fence int not null default 0,
  lease_until timestamptz,
  updated_at timestamptz not null default now(),
  primary key (connection, field)
);

create table musubi.api_tokens (
  id uuid primary key,
  name text not null,
  prefix text not null,
  hash text not null unique,
  scopes jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

create table musubi.audit (
  seq bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}',
  prev_hash text not null,
  hash text not null
);
`;
