import { matchingEmail, partsOf } from './email.ts';

/** Words that name a function wherever they stand between `.`, `-` and `_`: `info-tokyo@`, `ec.support@`. */
const ROLE_WORDS = new Set(
  `info information contact contacts sales support help helpdesk inquiry inquiries enquiry toiawase otoiawase customer customers
  noreply reply webmaster postmaster hostmaster mailer daemon admin administrator recruit recruiting saiyo saiyou eigyo eigyou
  jimukyoku uketsuke kouhou koho soumu somu keiri jinji yoyaku newsletter marketing reception billing`.split(/\s+/),
);

/** Names that are a function only when nothing else stands before the @. */
const ROLE_NAMES = new Set(
  `office mail email hello team service services cs cc pr press hr job jobs career careers accounting accounts invoice order orders
  shop store web www system sysadmin root abuse security privacy legal news magazine feedback all staff general main company honsha
  headoffice reserve reservation reservations booking seminar event events daihyo daihyou master post box mailbox desk secretary
  hisho kikaku kaihatsu gijutsu gyomu gyoumu jigyo shisha shiten tenpo kanri houmu homu ir csr it dev sys ml list public`.split(
    /\s+/,
  ),
);

/** Consumer mail: the domain says nothing about the company. A domain stands for its subdomains too. */
const FREE_MAIL = new Set(
  `gmail.com googlemail.com yahoo.co.jp yahoo.com ymail.com ybb.ne.jp outlook.jp outlook.com hotmail.com hotmail.co.jp live.jp
  live.com msn.com icloud.com me.com mac.com docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp softbank.jp vodafone.ne.jp
  y-mobile.ne.jp ymobile.ne.jp ymobile1.ne.jp yahoo.ne.jp willcom.com pdx.ne.jp disney.ne.jp disneymobile.ne.jp rakuten.jp
  rakumail.jp uqmobile.jp emobile.ne.jp nifty.com nifty.ne.jp biglobe.ne.jp ocn.ne.jp so-net.ne.jp so-net.jp plala.or.jp dion.ne.jp
  home.ne.jp jcom.zaq.ne.jp zaq.ne.jp excite.co.jp goo.jp goo.ne.jp infoseek.jp infoseek.co.jp asahi-net.or.jp eonet.ne.jp
  kcn.ne.jp commufa.jp hi-ho.ne.jp odn.ne.jp tiki.ne.jp auone.jp auone-net.jp aol.com aol.jp proton.me protonmail.com pm.me gmx.com
  gmx.net gmx.de mail.com mail.ru yandex.ru yandex.com qq.com 163.com 126.com sina.com naver.com hanmail.net daum.net
  fastmail.com tutanota.com duck.com hey.com`.split(/\s+/),
);

/**
 * True for an address a function or a team reads (info@, contact@, sales@, support@, noreply@ …): it identifies nobody (P4).
 * Wide on purpose: a person taken for a role goes to review, a role taken for a person would merge strangers. False for no address.
 */
export function isRoleAddress(raw: unknown): boolean {
  const email = matchingEmail(raw);
  if (email === undefined) return false;
  const words = partsOf(email)[0]
    .split(/[._-]+/)
    .map((word) => word.replace(/\d+$/, ''));
  return words.some((word) => ROLE_WORDS.has(word)) || ROLE_NAMES.has(words.join(''));
}

/** True for consumer mail and carrier mail (Gmail, Yahoo! JAPAN, docomo …), so its domain is no evidence of a company. */
export function isFreeMail(raw: unknown): boolean {
  const email = matchingEmail(raw);
  if (email === undefined) return false;
  const labels = partsOf(email)[1].split('.');
  return labels.some((_, index) => FREE_MAIL.has(labels.slice(index).join('.')));
}
