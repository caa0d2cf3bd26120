import { z } from 'zod';

/** What core needs to know of a connection setting beyond its shape. */
export interface SettingMeta {
  readonly secret?: boolean;
  readonly baseUrl?: boolean;
}

/** A setting that must never be logged or shown. */
export const secret = () => z.string().min(1).meta({ secret: true });

/**
 * The host root of a vendor API (no path). A connection whose base URLs all point at loopback points at a sandbox; only
 * then may the workspace clock be set.
 */
export const baseUrl = (vendorUrl: string) =>
  z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .default(vendorUrl)
    .meta({ baseUrl: true });

/** The names of a connection schema's settings that carry the given mark, e.g. all secrets. */
export function settingsMarked(schema: z.ZodType, mark: keyof SettingMeta): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape)
    .filter(([, field]) => isMarked(field as z.ZodType, mark))
    .map(([name]) => name);
}

function isMarked(field: z.ZodType, mark: keyof SettingMeta): boolean {
  const meta = field.meta() as SettingMeta | undefined;
  if (meta?.[mark]) return true;
  const inner = (field as { unwrap?: () => z.ZodType }).unwrap?.();
  return inner ? isMarked(inner, mark) : false;
}
