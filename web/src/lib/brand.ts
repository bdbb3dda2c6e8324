// Numbers with a unit in their type: a function that wants milliseconds refuses seconds.

declare const unit: unique symbol;
type Branded<Unit extends string> = number & { readonly [unit]: Unit };

export type Nanos = Branded<'nanos'>;
export type Millis = Branded<'millis'>;
export type Seconds = Branded<'seconds'>;
export type Bytes = Branded<'bytes'>;

export const nanos = (value: number): Nanos => value as Nanos;
export const millis = (value: number): Millis => value as Millis;
export const seconds = (value: number): Seconds => value as Seconds;
export const bytes = (value: number): Bytes => value as Bytes;

export const secondsToMillis = (value: Seconds): Millis => millis(value * 1000);
export const millisToSeconds = (value: Millis): Seconds => seconds(value / 1000);
