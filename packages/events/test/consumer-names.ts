/** The group of these tests. */
export const GROUP = "shelf";
