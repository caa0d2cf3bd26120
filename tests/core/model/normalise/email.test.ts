import { expect, it } from 'vitest';
import { matchingEmail, normaliseEmail } from '../../../../core/model/normalise/email.ts';
import { isFreeMail, isRoleAddress } from '../../../../core/model/normalise/mailbox.ts';

it.each([
  ['Taro.Yamazaki@Sample.Example.co.jp ', 'taro.yamazaki@sample.example.co.jp'],
  ['ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ', 'taro@example.jp'],
  ['taro＠example.jp', 'taro@example.jp'],
  ['mailto:taro@example.jp', 'taro@example.jp'],
  ['山田 太郎 <Taro@Example.jp>', 'taro@example.jp'],
  ['\uFEFFtaro@example.jp\u200B', 'taro@example.jp'],
  ['taro..x.@docomo.ne.jp', 'taro..x.@docomo.ne.jp'],
  ['taro@例え.jp', 'taro@xn--r8jz45g.jp'],
  ['太郎@example.jp', '太郎@example.jp'],
  ['taro+news@example.jp', 'taro+news@example.jp'],
])('%s is held as %s', (raw, expected) => {
  expect(normaliseEmail(raw)).toBe(expected);
});

it.each([
  '',
  'taro',
  'taro@',
  '@example.jp',
  'taro@example',
  'a b@example.jp',
  'a@@example.jp',
  'a@1.2.3.4',
  'a,b@example.jp',
  null,
  42,
  {},
])('%s is no address', (raw) => expect(normaliseEmail(raw)).toBeUndefined());

it('refuses what is longer than an address can be', () => {
  expect(normaliseEmail(`${'a'.repeat(64)}@example.jp`)).toBeDefined();
  expect(normaliseEmail(`${'a'.repeat(65)}@example.jp`)).toBeUndefined();
  expect(
    normaliseEmail(`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(10)}.jp`),
  ).toBeUndefined();
});

it('two spellings of one mailbox match, and sending still uses the one written', () => {
  expect(matchingEmail('Taro+News@Example.jp')).toBe('taro@example.jp');
  expect(matchingEmail('t.a.r.o+x@googlemail.com')).toBe('taro@gmail.com');
  expect(matchingEmail('t.aro@example.jp')).toBe('t.aro@example.jp');
  expect(matchingEmail('+x@example.jp')).toBe('+x@example.jp');
});

it.each([
  'info@',
  'Info+a@',
  'contact@',
  'sales@',
  'support@',
  'sales-tokyo@',
  'ec.support@',
  'info2@',
  'no-reply@',
  'noreply@',
  'webmaster@',
  'recruit@',
  'toiawase@',
  'customer-service@',
  'head-office@',
  'office@',
  'mail@',
])('%s is read by a function, not a person', (local) => expect(isRoleAddress(`${local}example.jp`)).toBe(true));

it.each(['taro@', 'taro.yamada@', 'mail.taro@', 't-info2taro@', 'informatsu@', 'yamada-office-taro@', 'orderly@'])(
  '%s is a person',
  (local) => expect(isRoleAddress(`${local}example.jp`)).toBe(false),
);

it('what is no address is no role address and no consumer mail', () => {
  expect(isRoleAddress('info')).toBe(false);
  expect(isFreeMail(undefined)).toBe(false);
});

it('knows consumer and carrier mail, and its subdomains', () => {
  expect(
    [
      'a@gmail.com',
      'a@Yahoo.co.jp',
      'a@docomo.ne.jp',
      'a@t.vodafone.ne.jp',
      'a@i.softbank.jp',
      'a@abc.ocn.ne.jp',
    ].every(isFreeMail),
  ).toBe(true);
  expect(['a@example.co.jp', 'a@notgmail.com', 'a@gmail.com.example.jp'].some(isFreeMail)).toBe(false);
});
