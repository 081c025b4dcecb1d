/** What is there for the next life, until the host starts anew. */
export const STATE_FOLDER = '/run/ospf-speaker'
