import { HubError } from '../sdk/errors.ts';
import type { Terminal } from './terminal.ts';

/** Tells the operator in a line what went wrong. A stack is shown only for what nobody foresaw, and only when asked for. */
export function reportError(error: unknown, terminal: Terminal, { isDebug }: { readonly isDebug: boolean }): void {
  terminal.progress(null);
  if (error instanceof HubError) {
    terminal.warn(error.message);
    return;
  }
  const { code, port, address } = error as { code?: unknown; port?: unknown; address?: unknown };
  if (code === 'EADDRINUSE') {
    terminal.warn(
      terminal.pick(
        `[hub] ${String(address)}:${String(port)} はすでに使われています。使っているプログラムを終了するか、MUSUBI_PORT で別のポートを指定してください。`,
        `[hub] ${String(address)}:${String(port)} is taken: end the program that uses it, or name another port with MUSUBI_PORT`,
      ),
    );
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  terminal.warn(
    terminal.pick(
      `[musubi] 予期しないエラー：${message}\nMusubi の不具合の可能性があります。コマンドとこのメッセージを添えて、Musubi の課題一覧に報告してください（MUSUBI_LOG=debug で詳細を表示）。`,
      `[musubi] unexpected error: ${message}\nThis is probably a fault of Musubi: please report it in its issue list with the command and this text (MUSUBI_LOG=debug shows more).`,
    ),
  );
  if (isDebug && error instanceof Error) terminal.warn(error.stack ?? '');
}
