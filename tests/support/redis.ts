import { Redis } from 'ioredis';

export const redisUrl = process.env.MUSUBI_TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Why Redis cannot be tested here, printed; undefined when it answers. In CI it must. */
export async function whyNoRedis(): Promise<string | undefined> {
  const redis = new Redis(redisUrl, { lazyConnect: true, connectTimeout: 3_000, retryStrategy: () => null });
  // the error comes with the rejection as well
  redis.on('error', () => {});
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    const reason = `Redis does not answer (${(error as Error).message}): set MUSUBI_TEST_REDIS_URL`;
    if (process.env.CI === 'true') throw new Error(reason);
    console.warn(`skipped: ${reason}`);
    return reason;
  } finally {
    redis.disconnect();
  }
}

/** Works on this Redis, then lets it go. */
export async function onRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(redisUrl);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
