import { expect, it } from 'vitest';
import { z } from 'zod';
import { type ActionContext, type ActionScope, defineAction } from '#sdk';

const input = z.strictObject({ to: z.string(), count: z.int().default(1) });
const context = { effectKey: 'k' } as ActionContext<object>;

it('checks its input before each use and fills in defaults', async () => {
  const seen: unknown[] = [];
  const action = defineAction<object, z.infer<typeof input>>({
    input,
    target: ({ to }) => to,
    perform: async (given) => {
      seen.push(given);
      return { status: 'confirmed', result: {} };
    },
    probe: async (given) => {
      seen.push(given);
      return null;
    },
  });
  await action.perform({ to: 'a' }, context);
  await action.probe?.({ to: 'b', count: 2 }, context);
  expect(seen).toEqual([
    { to: 'a', count: 1 },
    { to: 'b', count: 2 },
  ]);
  expect(action.target({ to: 'c' })).toBe('c');
  expect(() => action.target({ to: 1 })).toThrow(z.ZodError);
  expect(() => action.perform({ to: 'a', cuont: 2 }, context)).toThrow(z.ZodError);
});

it('takes what it is given when it binds nothing, and has no probe of its own', () => {
  const action = defineAction<object, object>({
    input: z.strictObject({}),
    target: () => 'x',
    perform: async () => ({ status: 'confirmed', result: {} }),
  });
  expect(action.bind({ a: 1 }, {} as ActionScope, {})).toEqual({ a: 1 });
  expect(action.texts).toEqual([]);
  expect('probe' in action).toBe(false);
});
