import { defineJob } from '../core/runtime/job.ts';
import { upkeepStore } from '../core/store/upkeep.ts';

/** Hourly housekeeping of the store. */
export default defineJob({
  everyMs: 3_600_000,
  run: ({ db }) => upkeepStore(db, Date.now()),
});
