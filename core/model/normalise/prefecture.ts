import { clean, foldForComparing, normaliseLine, textOf } from './text.ts';

/** Name and reading of the 47, in the order of their JIS X 0401 codes 01 to 47. */
const PREFECTURES = `
北海道 Hokkaido 青森県 Aomori 岩手県 Iwate 宮城県 Miyagi 秋田県 Akita 山形県 Yamagata 福島県 Fukushima 茨城県 Ibaraki 栃木県 Tochigi
群馬県 Gunma 埼玉県 Saitama 千葉県 Chiba 東京都 Tokyo 神奈川県 Kanagawa 新潟県 Niigata 富山県 Toyama 石川県 Ishikawa 福井県 Fukui
山梨県 Yamanashi 長野県 Nagano 岐阜県 Gifu 静岡県 Shizuoka 愛知県 Aichi 三重県 Mie 滋賀県 Shiga 京都府 Kyoto 大阪府 Osaka 兵庫県 Hyogo
奈良県 Nara 和歌山県 Wakayama 鳥取県 Tottori 島根県 Shimane 岡山県 Okayama 広島県 Hiroshima 山口県 Yamaguchi 徳島県 Tokushima
香川県 Kagawa 愛媛県 Ehime 高知県 Kochi 福岡県 Fukuoka 佐賀県 Saga 長崎県 Nagasaki 熊本県 Kumamoto 大分県 Oita 宮崎県 Miyazaki
鹿児島県 Kagoshima 沖縄県 Okinawa
`;

const WORDS = PREFECTURES.trim().split(/\s+/);

/** The names in the order of their codes: 北海道 … 沖縄県. */
export const prefectures: readonly string[] = WORDS.filter((_, index) => index % 2 === 0);

const SPELLINGS: ReadonlyMap<string, string> = new Map(
  prefectures.flatMap((name, index) => {
    const roman = WORDS[index * 2 + 1]?.toLowerCase() ?? '';
    const code = codeAt(index);
    const romans = [
      roman,
      `${roman}prefecture`,
      ...['to', 'fu', 'ken'].flatMap((kind) => [`${roman}-${kind}`, roman + kind]),
    ];
    const spellings = [name, name.replace(/(?<=..)[都府県]$/u, ''), `jp-${code}`, code, String(index + 1), ...romans];
    return spellings.map((spelling) => [spelling, name] as const);
  }),
);

/**
 * The Japanese name of a prefecture (`東京都`) from its name with or without 都道府県, in Latin letters, or its code (13, JP-13). Any other
 * text, such as a foreign state, is kept on one line. Undefined when nothing is left. Idempotent.
 */
export function normalisePrefecture(raw: unknown): string | undefined {
  const text = textOf(raw);
  return text === undefined ? undefined : (SPELLINGS.get(foldForComparing(text)) ?? normaliseLine(clean(text)));
}

/** JIS X 0401 code of a prefecture in any spelling, `01` to `47`; undefined for other places. ISO 3166-2 is `JP-` and this. */
export function prefectureCode(raw: unknown): string | undefined {
  const index = prefectures.indexOf(normalisePrefecture(raw) ?? '');
  return index < 0 ? undefined : codeAt(index);
}

/** An address that begins with a prefecture in two parts; undefined when it does not. */
export function splitPrefecture(address: string): { readonly prefecture: string; readonly rest: string } | undefined {
  const line = normaliseLine(address) ?? '';
  const prefecture = prefectures.find((name) => line.startsWith(name));
  return prefecture === undefined ? undefined : { prefecture, rest: line.slice(prefecture.length).trim() };
}

function codeAt(index: number): string {
  return String(index + 1).padStart(2, '0');
}
