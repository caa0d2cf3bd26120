/** A 法人格 with the forms it is written in. */
interface LegalForm {
  readonly name: string;
  /** As good as the name itself. */
  readonly alias?: string;
  /** Inside brackets: (株), after NFKC also ㈱. */
  readonly bracketed?: readonly string[];
  /** Set apart by a blank or comma: K.K. Dots may be missing. */
  readonly latin?: readonly string[];
  /** As bank transfers write it: カ) before, (カ after, (カ) between. */
  readonly bank?: string;
}

const form = (name: string, ...bracketed: string[]): LegalForm => ({ name, bracketed });

export const legalForms: readonly LegalForm[] = [
  { name: '株式会社', bracketed: ['株'], latin: ['K.K.', 'Kabushiki Kaisha', 'Kabushiki Gaisha'], bank: 'カ' },
  { name: '有限会社', bracketed: ['有'], latin: ['Y.K.', 'Yugen Kaisha', 'Yugen Gaisha'], bank: 'ユ' },
  { name: '合同会社', bracketed: ['同', '合'], latin: ['G.K.', 'Godo Kaisha', 'Godo Gaisha'], bank: 'ド' },
  { name: '合資会社', bracketed: ['資'], bank: 'シ' },
  { name: '合名会社', bracketed: ['名'], bank: 'メ' },
  form('相互会社', '相'),
  form('特定目的会社'),
  form('一般社団法人', '一社', '一般社団'),
  form('一般財団法人', '一財', '一般財団'),
  form('公益社団法人', '公社', '公益社団'),
  form('公益財団法人', '公財', '公益財団'),
  form('社団法人', '社'),
  form('財団法人', '財'),
  form('医療法人社団'),
  form('医療法人財団'),
  form('医療法人', '医'),
  form('社会医療法人'),
  form('社会福祉法人', '福', '社福'),
  form('学校法人', '学'),
  form('準学校法人'),
  form('宗教法人', '宗'),
  form('更生保護法人'),
  { name: '特定非営利活動法人', alias: 'NPO法人', bracketed: ['特非', '特活', 'NPO'], latin: ['NPO'] },
  form('独立行政法人', '独'),
  form('地方独立行政法人', '地独'),
  form('国立研究開発法人', '研'),
  form('国立大学法人', '大'),
  form('公立大学法人'),
  form('弁護士法人', '弁'),
  form('税理士法人', '税'),
  form('司法書士法人', '司'),
  form('行政書士法人', '行'),
  form('社会保険労務士法人', '社労'),
  form('土地家屋調査士法人'),
  form('弁理士法人'),
  form('特許業務法人'),
  form('監査法人', '監'),
  form('投資法人'),
  { name: '有限責任事業組合', latin: ['LLP'] },
  form('農事組合法人'),
  form('農業協同組合', '農協'),
  form('生活協同組合', '生協'),
  form('事業協同組合'),
  form('協同組合', '協'),
  form('企業組合', '企'),
  form('労働組合', '労'),
];

/**
 * Endings of names in Latin letters, longest first. Which 法人格 they translate is not defined (`Co., Ltd.` is written by 株式会社 and
 * 有限会社 alike), so they are dropped without naming one. A blank stands for any blanks, dots and commas.
 */
export const foreignForms: readonly string[] = [
  'company limited',
  'company ltd',
  'co ltd',
  'co inc',
  'pte ltd',
  'pty ltd',
  'corporation',
  'incorporated',
  'limited',
  'company',
  'corp',
  'gmbh',
  'sarl',
  'inc',
  'ltd',
  'l l c',
  'llc',
  'plc',
  'co',
  's a',
  'b v',
  'ag',
  'bv',
  'nv',
];
