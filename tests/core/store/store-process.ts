import { HubError } from '../../../core/sdk/errors.ts';
import { openPglite } from '../../../core/store/open-pglite.ts';

const [, , mode, dataDir = ''] = process.argv;

try {
  const { pool } = await openPglite({ dataDir });
  console.log('open');
  if (mode === 'open') setInterval(() => undefined, 60_000);
  while (mode === 'write') {
    const client = await pool.connect();
    await client.query('begin');
    const { rows } = await client.query<{ id: string }>(
      "insert into public.t (note) values (repeat('x', 500)) returning id",
    );
    await client.query('insert into public.pair (id) values ($1)', [rows[0]?.id]);
    await client.query('commit');
    client.release();
    console.log(`acked ${rows[0]?.id}`);
  }
} catch (error) {
  // The time since the process began, import of the code included.
  console.log(`refused ${error instanceof HubError ? error.code : error} after ${Math.round(performance.now())} ms`);
  process.exit(1);
}
