import type { SandboxKit } from '#sdk';

type Handler = Parameters<SandboxKit['app']['route']>[0]['handler'];

/** The simulated server's request and answer; a connector names only what the sdk gives it. */
export type Request = Parameters<Handler>[0];
export type Reply = Parameters<Handler>[1];
