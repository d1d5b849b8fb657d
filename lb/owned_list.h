// Owns objects that leave in any order: taking one out costs nothing that grows with their number.
//
// An element derives from OwnedElement, which remembers its place. The order is not kept.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sky::lb {

class OwnedElement {
 private:
  template <class Element>
  friend class OwnedList;
  std::size_t place_ = 0;
};

template <class Element>
class OwnedList {
 public:
  Element& add(std::unique_ptr<Element> element) {
    element->OwnedElement::place_ = elements_.size();
    elements_.push_back(std::move(element));
    return *elements_.back();
  }

  std::unique_ptr<Element> take(Element& element) {
    const std::size_t place = element.OwnedElement::place_;
    std::unique_ptr<Element> taken = std::move(elements_[place]);
    if (place + 1 != elements_.size()) {
      elements_[place] = std::move(elements_.back());
      elements_[place]->OwnedElement::place_ = place;
    }
    elements_.pop_back();
    return taken;
  }

  std::size_t size() const { return elements_.size(); }
  bool empty() const { return elements_.empty(); }

  // A copy of the pointers: safe to take elements out while walking.
  std::vector<Element*> snapshot() const {
    std::vector<Element*> pointers;
    pointers.reserve(elements_.size());
    for (const auto& element : elements_) pointers.push_back(element.get());
    return pointers;
  }

 private:
  std::vector<std::unique_ptr<Element>> elements_;
};

}  // namespace sky::lb
