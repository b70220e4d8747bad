package inventory

// The write side of a collection: how our own writes show in what is known.

// set records, under mu, what a point read or a write has shown.
func (c *collection[T]) set(id string, v T) {
	old, had := c.known[id]
	if !had {
		c.sorted = nil
	}
	if c.watch != nil {
		c.watch(old, v)
	}
	c.known[id], c.firm[id] = v, true
	delete(c.gone, id)
	delete(c.doubtful, id)
	delete(c.failed, id)
}

// unset forgets, under mu, everything about an entry.
func (c *collection[T]) unset(id string) {
	if old, had := c.known[id]; had {
		if c.watch != nil {
			var zero T
			c.watch(old, zero)
		}
		delete(c.known, id)
		c.sorted = nil
	}
	delete(c.firm, id)
	delete(c.gone, id)
	delete(c.doubtful, id)
	delete(c.failed, id)
}

// peek hands a known entry to use and reports whether there was one. It never asks the app.
func (c *collection[T]) peek(id string, use func(T)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.known[id]
	if ok {
		use(v)
	}
	return ok
}

// put records the result of a successful write.
func (c *collection[T]) put(id string, v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.points, id) // whatever is on its way was read before the write
	c.set(id, v)
}

// remove records that our own write took the entry away.
func (c *collection[T]) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.points, id)
	c.unset(id)
	c.gone[id] = true
}

// drop records that nothing is known about the entry any more: the next read is a real one.
func (c *collection[T]) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lose(id)
}

func (c *collection[T]) lose(id string) {
	delete(c.points, id)
	c.unset(id)
	c.doubtful[id] = true
}

// edit lets change alter a known entry and answer it; where none is known, a read that is on its way may
// be from before the write and is not kept. It reports whether the entry was known.
func (c *collection[T]) edit(id string, change func(T) T) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.known[id]
	if !ok {
		c.lose(id)
		return false
	}
	delete(c.points, id)
	c.set(id, change(v))
	return true
}

// editKnown lets change alter all known entries in place. Loads on their way are not seen.
func (c *collection[T]) editKnown(change func(id string, v T)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, v := range c.known {
		change(id, v)
	}
}

// removed reports whether our own write took the entry away.
func (c *collection[T]) removed(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone[id]
}

// invalidate forgets, under mu, that the collection was listed; entries known better stay.
func (c *collection[T]) invalidate() {
	c.listed, c.listErr, c.listing = false, nil, nil
}

// adopt makes a listing that another collection has brought along this one's own.
func (c *collection[T]) adopt(all map[string]T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.install(all)
}
