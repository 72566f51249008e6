/** One page of a listing, newest first. `nextPageToken` is null on the last. */
export interface Page<T> {
  items: T[];
  nextPageToken: string | null;
}

export interface PageRequest {
  pageSize: number;
  pageToken: string | null;
}
