// Preloaded by the chaos tests with `node --import`; a normal start knows nothing of it.
// MUSUBI_CRASH_AT=S8:3 ends the process with signal 9 at its third pass of step S8, as a crash would.
import { subscribe } from 'node:diagnostics_channel';

// S8 is announced right before the call leaves: the tool has it some milliseconds later, on a busy machine more.
const UNDER_WAY_MS = 200;

const [wanted, pass = '1'] = (process.env.MUSUBI_CRASH_AT ?? '').split(':');
let left = Number(pass);

const die = () => process.kill(process.pid, 'SIGKILL');

if (wanted) {
  subscribe('musubi:step', ({ step }) => {
    if (step !== wanted || --left > 0) return;
    if (step === 'S8') setTimeout(die, UNDER_WAY_MS);
    else die();
  });
}
