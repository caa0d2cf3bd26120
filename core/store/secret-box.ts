import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../sdk/errors.ts';

/** Encrypts credentials at rest: AES-256-GCM under a data key per row, the data key under the workspace's key. */
export interface SecretBox {
  readonly keyId: string;
  /** `owner` binds the ciphertext to its row (connection + field): moved to another row it does not decrypt. */
  readonly seal: (plain: string, owner: string) => Buffer;
  /** @throws ConfigError `secret_unreadable` for another key, another row or a changed byte. */
  readonly open: (sealed: Buffer, owner: string) => string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAPPED_BYTES = IV_BYTES + KEY_BYTES + TAG_BYTES;

/** `key`: 32 bytes. */
export function createSecretBox(key: Buffer): SecretBox {
  if (key.length !== KEY_BYTES)
    throw new ConfigError('[secrets] the key must be 32 bytes: make one with `openssl rand -base64 32`', {
      code: 'key_invalid',
    });
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return {
    keyId,
    seal(plain, owner) {
      const dataKey = randomBytes(KEY_BYTES);
      return Buffer.concat([encrypt(key, dataKey, `${keyId}/${owner}`), encrypt(dataKey, Buffer.from(plain), owner)]);
    },
    open(sealed, owner) {
      try {
        const dataKey = decrypt(key, sealed.subarray(0, WRAPPED_BYTES), `${keyId}/${owner}`);
        return decrypt(dataKey, sealed.subarray(WRAPPED_BYTES), owner).toString('utf8');
      } catch (cause) {
        throw new ConfigError(
          '[secrets] a stored credential cannot be read: was MUSUBI_KEY changed? Give the old key or authorise the connection again',
          {
            code: 'secret_unreadable',
            cause,
          },
        );
      }
    },
  };
}

function encrypt(key: Buffer, plain: Buffer, aad: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(aad));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, sealed: Buffer, aad: string): Buffer {
  const iv = sealed.subarray(0, IV_BYTES);
  const tag = sealed.subarray(sealed.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(aad))
    .setAuthTag(tag);
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
}

/**
 * The workspace's key: MUSUBI_KEY (base64, 32 bytes) or, with the embedded store, a file that is made once and readable by
 * its owner alone.
 * @throws ConfigError `key_missing` on PostgreSQL without MUSUBI_KEY: several hubs must share one key.
 */
export function loadKey(options: { given: string | undefined; folder: string; isEmbedded: boolean }): Buffer {
  if (options.given !== undefined && options.given !== '') return Buffer.from(options.given, 'base64');
  if (!options.isEmbedded) {
    throw new ConfigError(
      '[secrets] MUSUBI_KEY is needed with DATABASE_URL: make one with `openssl rand -base64 32` and give it to every hub',
      { code: 'key_missing' },
    );
  }
  const file = path.join(options.folder, 'key');
  if (!existsSync(file)) {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(KEY_BYTES).toString('base64'), { mode: 0o600, flag: 'wx' });
  }
  chmodSync(file, 0o600);
  return Buffer.from(readFileSync(file, 'utf8'), 'base64');
}
