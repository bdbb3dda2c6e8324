/** `http.request_method` as `http.`, `request_`, `method`: between these a line may end. */
export function breakable(text: string): string[] {
  return text.match(/[^._/-]*[._/-]+|[^._/-]+$/g) ?? [text];
}
