import { z } from 'zod';
import { secret } from '#sdk';

/** Settings of one site. The token is made by the operator, e.g. `openssl rand -hex 32`. */
export const config = z.strictObject({ token: secret() });

export type Config = z.infer<typeof config>;
