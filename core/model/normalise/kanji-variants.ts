/**
 * Kanji that are written for one another in Japanese names: 旧字体 and 異体字. Each word is a group; its first character, the
 * common form of today, stands for all. Groups follow what people and registers mix up (齋齊斎斉 are one group although
 * dictionaries keep them apart), so they serve comparing only: a value is never rewritten.
 * Not covered: 坂/阪, 掘/堀, 畑/畠, 刈/苅, 梁/簗: different names in everyday use.
 */
const GROUPS = `
崎﨑嵜碕㟢𥔎 高髙 辺邉邊 斉齋齊斎 沢澤 浜濱濵 吉𠮷 桜櫻 広廣 国國圀囯 真眞 恵惠 栄榮 条條 竜龍 滝瀧 寿壽 徳德 黒黑 富冨
島嶋嶌 桑桒 館舘 渕淵渊 万萬 与與 蔵藏 曽曾 鴎鷗 郷鄕 峰峯 岳嶽 浅淺 瀬瀨 頼賴 穎頴 土圡𡈽 松柗枩 柳栁桺 槙槇 薮藪籔
縄繩 聡聰 荘莊 園薗 処處 芦蘆 衛衞 裏裡 豊豐 遥遙 村邨 鉄鐵銕 関關 間閒 顕顯 鶴靏靍鸖 鶏鷄雞 黄黃 清淸 静靜 乗乘 亜亞
伝傳 仏佛 来來 児兒 円圓 団團 増增 壮壯 奥奧 学學斈 実實 寛寬 将將 専專 尚尙 属屬 巌巖 帯帶 応應 戸戶 抜拔 叙敍 数數
晋晉 昼晝 暁曉 会會㑹 楽樂 様樣 横橫 桧檜 歩步 歴歷 暦曆 毎每 気氣 満滿 湾灣 灯燈 為爲 献獻 瑶瑤 当當 畳疊 発發 尽盡
研硏 磯礒 礼禮 稲稻 穂穗 穣穰 並竝 粋粹 糸絲 経經 緑綠 緒緖 県縣 総總 絵繪 継繼 続續 繊纖 声聲 粛肅 台臺 旧舊 芸藝
薬藥 号號 蛍螢 覚覺 観觀 誉譽 読讀 変變 予豫 弐貳 売賣 転轉 軽輕 弁辨瓣辯 釈釋 銭錢 鎮鎭 鉱鑛 随隨 隠隱 双雙 雑雜 霊靈
顔顏 飲飮 余餘 駅驛 体體 塩鹽 麦麥 点點 党黨 歯齒 亀龜 厳嚴 壱壹 弥彌 彦彥 懐懷 恋戀 戯戲 掲揭 揺搖 担擔 拠據 挙擧
摂攝 収收 教敎 断斷 既旣 概槪 権權 残殘 涙淚泪 渓溪 温溫 渋澁 済濟 湿濕 熙煕熈 狭狹 独獨 瓶甁 産產 画畫 秘祕 禄祿 称稱
絶絕 縁緣 胆膽 茎莖 蒋蔣 虚虛 虫蟲 蚕蠶 装裝 謡謠 証證 譲讓 賛贊 辞辭 郎郞 隣鄰 酔醉 録錄 錬鍊 鎌鐮 青靑 麹麴 齢齡
秋穐龝 壷壺 栢柏 湧涌 竈竃 蛎蠣 頬頰 鯵鰺 填塡 剥剝 嘘噓 蝉蟬 蝋蠟 痩瘦 醤醬 騨驒 呑吞 焔焰 祷禱 莱萊 侠俠 妍姸 尭堯
勲勳 薫薰 宜冝 凛凜 晃晄 船舩 野埜 場塲 多夛 宝寶寳 喜㐂 橋槗𣘺 枡桝 剣劍劔劒剱 参參 叡睿 呉吳 姉姊 姫姬 嬢孃 強强 悦悅
拝拜 昇曻 昂昻 栃杤 欧歐 沖冲 珍珎 皐皋 砺礪 祢禰 蓑簑 群羣 翠翆 讃讚 鑑鑒 鴬鶯 諌諫 繋繫 呂吕 蔭䕃 遡溯 徴徵 絋纊
亘亙 巻卷 圏圈 両兩 仮假 価價 倹儉 剤劑 励勵 労勞 勅敕 区區 医醫 単單 嘱囑 図圖 囲圍 圧壓 塁壘 壊壞 壌壤 奨奬 寝寢
対對 岡崗 峡峽 巣巢 庁廳 径徑 従從 恒恆 悩惱 悪惡 惨慘 慎愼 択擇 拡擴 拂払 挟挾 挿插 捜搜 枢樞 栈桟 検檢 楼樓 欠缺
殴毆 殻殼 浄淨 渇渴 潜潛 炉爐 焼燒 犠犧 状狀 猟獵 獣獸 疎踈 盗盜 禅禪 窃竊 縦縱 翻飜 聴聽 脳腦 臓臟 舎舍 艶艷 荊荆
蘂蕊 覇霸 触觸 訳譯 賎賤 践踐 輌輛 逓遞 遅遲 醸釀 鋭銳 鋳鑄 閲閱 闘鬪鬭 陥陷 隷隸 韮韭 餅餠 騒騷 験驗 髄髓 鼓皷 梅楳
兎兔莵 厨廚 厩廐廏 糠粇 籠篭 砿礦 砲炮 稚穉 笋筍 箸筯
`;

const COMMON_FORM: ReadonlyMap<string, string> = new Map(
  GROUPS.trim()
    .split(/\s+/)
    .flatMap((group) => {
      const [common = '', ...variants] = group;
      return variants.map((variant) => [variant, common] as const);
    }),
);

/** Every kanji variant → the common form of today (`髙﨑` → `高崎`); all else unchanged. Only for comparing. Idempotent. */
export const foldKanjiVariants = (text: string): string =>
  Array.from(text, (character) => COMMON_FORM.get(character) ?? character).join('');

/**
 * Which characters of two names differ only as variants, as pairs in the order of `left`, e.g. `[['﨑', '崎']]`; to tell people
 * why names match. Empty when they are the same or differ otherwise.
 */
export function variantPairs(left: string, right: string): readonly (readonly [string, string])[] {
  const [a, b] = [Array.from(left), Array.from(right)];
  if (a.length !== b.length || foldKanjiVariants(left) !== foldKanjiVariants(right)) return [];
  return a.flatMap((character, index) => {
    const other = b[index] ?? character;
    return character === other ? [] : [[character, other] as const];
  });
}
