import { benchIdle } from './idle.ts';
import { benchIntake } from './intake.ts';
import { parseOptions } from './options.ts';
import { benchReply } from './reply.ts';
import { onRig } from './rig.ts';

/** `npm run bench -- intake|reply|idle …`: prints each round, and as its last line one JSON object. */
try {
  const options = parseOptions(process.argv.slice(2), process.env);
  const bench = { intake: benchIntake, reply: benchReply, idle: benchIdle }[options.bench];
  const result = await onRig(options, (rig) => bench(rig, options));
  console.log(JSON.stringify(result));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
