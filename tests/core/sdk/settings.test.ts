import { expect, it } from 'vitest';
import { z } from 'zod';
import { baseUrl, secret, settingsMarked } from '#sdk';

const schema = z.strictObject({
  name: z.string(),
  token: secret(),
  oldToken: secret().optional(),
  spare: secret().nullable().default(null),
  apiUrl: baseUrl('https://api.example.com'),
});

it('finds marked settings, also optional ones and ones with a default', () => {
  expect(settingsMarked(schema, 'secret')).toEqual(['token', 'oldToken', 'spare']);
  expect(settingsMarked(schema, 'baseUrl')).toEqual(['apiUrl']);
});

it('still finds them when the whole object is checked further', () => {
  const checked = schema.refine(({ token }) => token !== 'x');
  expect(settingsMarked(checked, 'secret')).toContain('token');
});

it('finds none in what is no object', () => {
  expect(settingsMarked(z.string(), 'secret')).toEqual([]);
});

it('refuses an empty secret', () => {
  expect(secret().safeParse('').success).toBe(false);
});

it('takes a host root, without its last slash, or the vendor’s own', () => {
  const read = (value?: string) => baseUrl('https://api.example.com').parse(value);
  expect(read()).toBe('https://api.example.com');
  expect(read('http://127.0.0.1:7101/')).toBe('http://127.0.0.1:7101');
});

it.each(['', 'api.example.com', 'ftp://api.example.com', 'file:///etc/passwd', 'javascript:alert(1)'])(
  'refuses %j',
  (value) => {
    expect(baseUrl('https://api.example.com').safeParse(value).success).toBe(false);
  },
);
