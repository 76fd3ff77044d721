/*
 * A doubly linked list whose links live in its members. An empty list, and a link that is in no
 * list, points to itself; list_remove of such a link does nothing, so removing twice is harmless.
 */
#ifndef POSTERN_LIB_LIST_H
#define POSTERN_LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The structure that holds `link` as its member `member`. */
#define LIST_OF(link, type, member) ((type *)(void *)((char *)(link) - offsetof(type, member)))

/* Goes through the list `head`; the body may remove `it` itself, and nothing else. */
#define LIST_FOR_EACH(it, head)                                                                    \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_append(struct list *list, struct list *link)
{
    link->next = list;
    link->prev = list->prev;
    list->prev->next = link;
    list->prev = link;
}

static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* The first link, removed; NULL when there is none. */
static inline struct list *list_take_first(struct list *list)
{
    struct list *link = list->next;
    if (link == list)
        return NULL;
    list_remove(link);
    return link;
}

#endif
