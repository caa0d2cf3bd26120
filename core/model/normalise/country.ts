import { foldForComparing, normaliseLine, textOf } from './text.ts';

/** Countries Japanese companies meet most, with the names tools write. Two letters are taken as ISO 3166-1 for all others. */
const COUNTRIES = `
JP JPN 日本 日本国 Japan; US USA アメリカ アメリカ合衆国 米国 UnitedStates UnitedStatesOfAmerica America; CN CHN 中国 中華人民共和国 China;
TW TWN 台湾 Taiwan; KR KOR 韓国 大韓民国 SouthKorea Korea KoreaRepublicOf; HK HKG 香港 HongKong; SG SGP シンガポール Singapore;
TH THA タイ Thailand; VN VNM ベトナム Vietnam VietNam; MY MYS マレーシア Malaysia; ID IDN インドネシア Indonesia;
PH PHL フィリピン Philippines; IN IND インド India; AU AUS オーストラリア Australia; NZ NZL ニュージーランド NewZealand;
GB GBR UK イギリス 英国 UnitedKingdom GreatBritain England; DE DEU ドイツ Germany; FR FRA フランス France; IT ITA イタリア Italy;
ES ESP スペイン Spain; NL NLD オランダ Netherlands; BE BEL ベルギー Belgium; CH CHE スイス Switzerland; SE SWE スウェーデン Sweden;
CA CAN カナダ Canada; MX MEX メキシコ Mexico; BR BRA ブラジル Brazil; AE ARE アラブ首長国連邦 UnitedArabEmirates UAE; MO MAC マカオ Macao Macau
`;

const CODES: ReadonlyMap<string, string> = new Map(
  COUNTRIES.split(';').flatMap((row) => {
    const [code = '', ...names] = row.trim().split(/\s+/);
    return [code, ...names].map((name) => [name.toLowerCase(), code] as const);
  }),
);

/**
 * The ISO 3166-1 code of a country (`JP`) from its code, alpha-3 code or Japanese or English name; a name the table does not know is
 * kept on one line. Undefined when nothing is left. Idempotent.
 */
export function normaliseCountry(raw: unknown): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  const key = foldForComparing(text)
    .replace(/[.,()-]/g, '')
    .replace(/^the(?=united|netherlands|philippines)/, '');
  return CODES.get(key) ?? (/^[a-z]{2}$/.test(key) ? key.toUpperCase() : normaliseLine(text));
}
