/** What a value may mean depends on where it comes from: a connection's zone, currency and country. */
export interface NormaliseContext {
  /** IANA zone of dates and times written without one; default `Asia/Tokyo`. */
  readonly timeZone?: string | undefined;
  /** ISO 4217 code of amounts without a currency; default `JPY`. */
  readonly currency?: string | undefined;
  /** ISO 3166-1 country of phone numbers without a country code; default `JP`. */
  readonly country?: string | undefined;
}

export const DEFAULT_TIME_ZONE = 'Asia/Tokyo';
