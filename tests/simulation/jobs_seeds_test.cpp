#include "tests/simulation/jobs_world.hpp"

#include <doctest/doctest.h>
