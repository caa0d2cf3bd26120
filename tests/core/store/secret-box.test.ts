import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSecretBox, loadKey } from '../../../core/store/secret-box.ts';

const code = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe('credentials at rest', () => {
  const box = createSecretBox(randomBytes(32));

  it('gives back what was put in, and never the same bytes twice', () => {
    const sealed = box.seal('xoxb-秘密', 'slack/botToken');
    expect(box.open(sealed, 'slack/botToken')).toBe('xoxb-秘密');
    expect(sealed.equals(box.seal('xoxb-秘密', 'slack/botToken'))).toBe(false);
    expect(sealed.toString('latin1')).not.toContain('xoxb');
  });

  it('does not open in another row, under another key or after one changed bit', () => {
    const sealed = box.seal('token', 'a/refresh');
    expect(code(() => box.open(sealed, 'b/refresh'))).toBe('secret_unreadable');
    expect(code(() => createSecretBox(randomBytes(32)).open(sealed, 'a/refresh'))).toBe('secret_unreadable');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(code(() => box.open(changed, 'a/refresh'))).toBe('secret_unreadable');
    }
    expect(code(() => box.open(sealed.subarray(0, 10), 'a/refresh'))).toBe('secret_unreadable');
  });

  it('makes a key of its own once for the embedded store, readable by its owner alone', () => {
    const folder = path.join(mkdtempSync(path.join(tmpdir(), 'musubi-key-')), '.musubi');
    const first = loadKey({ given: undefined, folder, isEmbedded: true });
    expect(loadKey({ given: undefined, folder, isEmbedded: true }).equals(first)).toBe(true);
    expect(statSync(path.join(folder, 'key')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(path.join(folder, 'key'), 'utf8'), 'base64')).toHaveLength(32);
  });

  it('asks for a key on PostgreSQL, where several hubs must share one', () => {
    expect(code(() => loadKey({ given: undefined, folder: '/nowhere', isEmbedded: false }))).toBe('key_missing');
    expect(code(() => createSecretBox(loadKey({ given: 'c2hvcnQ=', folder: '/nowhere', isEmbedded: false })))).toBe(
      'key_invalid',
    );
  });
});
