const PREFIX = 'musubi:';

/** The Block Kit action id of one of our buttons. */
export const actionIdOf = (name: string): string => `${PREFIX}${name}`;

/** The name of our button behind an action id; undefined when the button is not ours. */
export const buttonNameOf = (actionId: string | undefined): string | undefined =>
  actionId?.startsWith(PREFIX) ? actionId.slice(PREFIX.length).match(BUTTON_NAME)?.[0] : undefined;

/** What a button may be called. */
export const BUTTON_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
