/** The embeddable hub: `createHub()` starts store, pipeline and HTTP for one workspace. */
export { createHub, type Hub, type HubOptions } from './runtime/hub.ts';
export { createLog } from './runtime/log.ts';
