#pragma once
// Custom device images: created from a source image, uploaded in the background.

#include "tests/simulator/generator.hpp"
#include "tests/simulator/write_context.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace graphsim {

class ImageWrites {
public:
    ImageWrites(WriteContext& context, const Generator& generator)
        : x_context{&context}, x_generator{&generator}
    {}

    WriteResult create(const WriteCall& call);
    WriteResult remove(const WriteCall& call);
    WriteResult retry_upload(const WriteCall& call);

private:
    void upload(const std::string& id, TimePoint now);
    void finish(const std::string& id, Outcome outcome);

    WriteContext* x_context;
    const Generator* x_generator;
    std::map<std::string, std::uint64_t, std::less<>> x_uploads;  ///< the last one counts
};

}  // namespace graphsim
